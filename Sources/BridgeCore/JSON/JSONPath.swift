/// Where a value lies in a JSON document: `$`, `$.name`, `$['any name']`, `$.list[0]`, and combinations of them.
///
/// `$` is the whole document. In `.name` stand letters, digits, `_`, `-` and anything beyond ASCII; any other name is
/// written `['…']`, in which `\'`, `\\` and JSON's other escapes mean what they mean in JSON. `[0]` is the first
/// element of an array. There are no wildcards, slices or filters: a path names one value.
package struct JSONPath: Sendable, Hashable, CustomStringConvertible {
    /// No path is longer: `JSONScanner` follows a document no deeper.
    package static let maximumDepth = 64

    /// One step down.
    ///
    /// The members' names lie together in `names`, so that a step holds no reference to count.
    enum Step: Sendable, Hashable {
        /// `isPlain`: the name's bytes stand in a document as they are, unless its writer escaped them for fun.
        case member(offset: Int, length: Int, isPlain: Bool)
        case element(Int)
    }

    let steps: ContiguousArray<Step>
    let names: ContiguousArray<UInt8>
    /// The path as written.
    package let description: String

    init(steps: ContiguousArray<Step>, names: ContiguousArray<UInt8>, description: String) {
        self.steps = steps
        self.names = names
        self.description = description
    }

    package init(_ text: String) throws(JSONPathError) {
        var parser = JSONPathParser(ContiguousArray(text.utf8))
        self = try parser.parse(endingAt: nil)
    }
}

/// What is wrong with the text of a JSON path, and what to write instead.
package struct JSONPathError: Error, Hashable, Sendable, CustomStringConvertible {
    /// How many characters (Unicode scalars) of the text come before the fault.
    package var offset: Int
    /// One sentence for the one who wrote the path.
    package var reason: String

    package var description: String { "\(reason) (at character \(offset + 1))" }
}
