internal import BridgeCore
internal import CLinux
internal import Glibc

/// Where a FIFO is, and the careful way to open it: relative to its folder's descriptor, without following a link, made
/// if it is missing, and never anything but a FIFO.
///
/// What is no FIFO is neither opened nor changed.
package struct FIFOPath: Sendable, Hashable {
    /// What tells one FIFO from another at the same path.
    struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    struct Opened {
        var descriptor: CInt
        var identity: Identity
        /// Whether users that are neither the owner nor in its group may read or write.
        var isOpenToOthers = false
    }

    /// Of the FIFOs that we make.
    private static let mode: mode_t = 0o660

    package let path: String
    private let folder: String
    private let name: String

    package init(_ path: String) throws(FIFOError) {
        guard let place = FIFOPlace(path) else { throw .unusablePath(path: path) }
        self.path = path
        folder = place.folder
        name = place.name
    }

    /// Throws if something at this path is in the way, or the FIFO is missing and can't be made.
    ///
    /// Changes nothing.
    package func check() throws(FIFOError) {
        let folder = try openFolder()
        defer { close(folder.descriptor) }
        guard try status(in: folder) == nil else { return }
        guard faccessat(AT_FDCWD, self.folder, W_OK | X_OK, 0) == 0 else {
            throw .cannotBeMade(path: path, folder: self.folder)
        }
    }

    /// Opens with these access flags, without waiting for anyone.
    ///
    /// `swapHook` runs between the check and the opening, for tests of what happens then.
    func open(_ access: CInt, swapHook: () -> Void = {}) throws(FIFOError) -> Opened {
        let folder = try openFolder()
        defer { close(folder.descriptor) }
        var found = try status(in: folder)
        var isOurs = false
        if found == nil {
            if mkfifoat(folder.descriptor, name, Self.mode) == 0 {
                isOurs = true
            } else if errno != EEXIST {
                throw errno == EACCES
                    ? .cannotBeMade(path: path, folder: self.folder) : .kernel(path: path, KernelError("mkfifo"))
            }
            found = try status(in: folder)
        }
        swapHook()
        let flags = access | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(folder.descriptor, name, flags)
        guard descriptor >= 0 else { throw .kernel(path: path, KernelError("open")) }
        do throws(FIFOError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .kernel(path: path, KernelError("fstat")) }
            guard status.st_mode & S_IFMT == S_IFIFO, Identity(status) == found else {
                throw .replacedWhileOpening(path: path)
            }
            // The mode that mkfifo was given is masked by the umask.
            if isOurs, status.st_uid == geteuid(), fchmod(descriptor, Self.mode) != 0 {
                throw .kernel(path: path, KernelError("fchmod"))
            }
            return Opened(
                descriptor: descriptor,
                identity: Identity(status),
                isOpenToOthers: status.st_mode & (S_IROTH | S_IWOTH) != 0 && !isOurs
            )
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Whether the path leads to this FIFO still.
    func leads(to identity: Identity) -> Bool {
        var status = stat()
        return fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && Identity(status) == identity
    }

    private struct Folder {
        var descriptor: CInt
        /// World-writable, with the sticky bit.
        var isShared: Bool
    }

    private func openFolder() throws(FIFOError) -> Folder {
        let descriptor = Glibc.open(folder, clinux_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? .noFolder(path: path, folder: folder) : .kernel(path: path, KernelError("open \(folder)"))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = KernelError("fstat \(folder)")
            close(descriptor)
            throw .kernel(path: path, error)
        }
        let isShared = status.st_mode & S_IWOTH != 0
        guard !isShared || status.st_mode & S_ISVTX != 0 else {
            close(descriptor)
            throw .unsafeFolder(path: path, folder: folder)
        }
        return Folder(descriptor: descriptor, isShared: isShared)
    }

    /// The FIFO at this path, or nil if there is nothing.
    private func status(in folder: Folder) throws(FIFOError) -> Identity? {
        var status = stat()
        guard fstatat(folder.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw .kernel(path: path, KernelError("stat")) }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFIFO else {
            throw .notAFIFO(path: path, found: Self.kind(status.st_mode))
        }
        guard !folder.isShared || status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .foreignOwner(path: path, owner: status.st_uid)
        }
        return Identity(status)
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a folder"
        case S_IFLNK: "a symbolic link"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }
}

extension FIFOPath.Identity {
    fileprivate init(_ status: stat) {
        self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}
