internal import BridgeCore
internal import CLinux
internal import Glibc

/// The write end of a FIFO, kept open also while nobody reads: a reader's `open` then never waits for us, and is seen.
struct FIFOWriteEnd {
    /// Larger pipes mean fewer, larger writes.
    ///
    /// The default maximum for everyone; what is refused doesn't matter.
    private static let pipeSize: CInt = 1 << 20

    let descriptor: CInt
    let identity: FIFOPath.Identity
    let isOpenToOthers: Bool

    /// Opens the write end; nil where we may not read the FIFO, so can't stand in for a reader, and there is none.
    ///
    /// With `discarding`, throws away what the pipe still holds: the reader it was meant for is gone, maybe in the
    /// middle of a record.
    static func open(_ path: FIFOPath, discarding: Bool) throws(FIFOError) -> FIFOWriteEnd? {
        let standIn: FIFOPath.Opened
        do throws(FIFOError) {
            standIn = try path.open(O_RDWR)
        } catch {
            guard case .kernel(_, let refusal) = error, refusal.code == EACCES else { throw error }
            return try openToExistingReader(path)
        }
        defer { close(standIn.descriptor) }
        if discarding {
            PipeWriting.drain(standIn.descriptor)
        }
        let opened = try path.open(O_WRONLY)
        guard opened.identity == standIn.identity else {
            close(opened.descriptor)
            throw .replacedWhileOpening(path: path.path)
        }
        return FIFOWriteEnd(opened)
    }

    private static func openToExistingReader(_ path: FIFOPath) throws(FIFOError) -> FIFOWriteEnd? {
        do throws(FIFOError) {
            return FIFOWriteEnd(try path.open(O_WRONLY))
        } catch {
            guard case .kernel(_, let refusal) = error, refusal.code == ENXIO else { throw error }
            return nil
        }
    }

    private init(_ opened: FIFOPath.Opened) {
        descriptor = opened.descriptor
        identity = opened.identity
        isOpenToOthers = opened.isOpenToOthers
        _ = fcntl(opened.descriptor, clinux_F_SETPIPE_SZ, Self.pipeSize)
    }
}
