package import BridgeCore

/// Why a FIFO can't be used.
///
/// The description says what to do about it.
package enum FIFOError: Error, Equatable, CustomStringConvertible {
    /// Empty, a folder's name, or one with an inner NUL.
    case unusablePath(path: String)
    /// The path exists, and is something else.
    case notAFIFO(path: String, found: String)
    /// The folder that it should stand in isn't there.
    case noFolder(path: String, folder: String)
    /// It isn't there, and we may not make it.
    case cannotBeMade(path: String, folder: String)
    /// Everyone may replace what is in the parent folder: it is world-writable without the sticky bit.
    case unsafeFolder(path: String, folder: String)
    /// In a folder that everyone may write to, the FIFO belongs to another user.
    case foreignOwner(path: String, owner: UInt32)
    /// What was checked is not what was opened.
    case replacedWhileOpening(path: String)
    case kernel(path: String, KernelError)

    package var description: String {
        switch self {
        case .unusablePath(let path):
            "fifo \(path): not the path of a FIFO: write a folder and a name, as in /run/wsbridge/feed.fifo"
        case .notAFIFO(let path, let found):
            "fifo \(path): is \(found), not a FIFO: left as it is; remove it or choose another path"
        case .noFolder(let path, let folder):
            "fifo \(path): the folder \(folder) doesn't exist: make it"
        case .cannotBeMade(let path, let folder):
            "fifo \(path): it doesn't exist and can't be made in \(folder): permission denied"
        case .unsafeFolder(let path, let folder):
            "fifo \(path): everyone may replace files in \(folder): take write permission from others or set its sticky bit"
        case .foreignOwner(let path, let owner):
            "fifo \(path): belongs to user \(owner) in a folder that everyone may write to: choose a folder of its own"
        case .replacedWhileOpening(let path):
            "fifo \(path): was replaced while it was being opened: not used"
        case .kernel(let path, let error):
            "fifo \(path): \(error)"
        }
    }
}
