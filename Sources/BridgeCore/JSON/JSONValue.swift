/// A value inside a JSON document: what it is and where it lies.
///
/// Holds no bytes itself.
package struct JSONValue: Sendable, Hashable {
    package enum Kind: UInt8, Sendable, Hashable {
        /// The range is what stands between the quotes, which is also what it means.
        case string
        /// The same, but with escapes in it.
        case escapedString
        case number
        case `true`
        case `false`
        case null
        case object
        case array
    }

    package var kind: Kind
    /// In the document, in bytes from its start.
    package var range: Range<Int>

    package init(kind: Kind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }

    /// The value's text in its document, of a string without the quotes.
    @inline(__always)
    package func text(in document: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: document[range])
    }
}

/// What a search for a path found.
package enum JSONLookup: Sendable, Hashable {
    case found(JSONValue)
    /// JSON as far as it was read, and without such a value.
    case missing
    /// Not JSON, or nested deeper than `JSONPath.maximumDepth`.
    case invalid
}
