/// A FIFO's path, taken apart: the folder, and the name in it.
package struct FIFOPlace: Sendable, Hashable {
    package let folder: String
    package let name: String

    /// `nil` for what names a folder, or nothing.
    package init?(_ path: String) {
        let slash = path.lastIndex(of: "/")
        name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let before = slash.map { String(path[..<$0]) } ?? "."
        folder = before.isEmpty ? "/" : before
        guard !name.isEmpty, name != ".", name != "..", !path.utf8.contains(0) else { return nil }
    }
}
