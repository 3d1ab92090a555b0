/// Finds one value in a JSON document (RFC 8259) by reading forward, without a tree, recursion or allocation.
///
/// It stops at the first answer. What it passes on the way, and the value it finds, are checked in full: structure,
/// numbers, escapes, depth. What comes after the value isn't looked at; so of a document that is cut off later, or
/// names a member twice, the first value counts. Only with the path `$` is the whole document read. Whether strings
/// are valid UTF-8 is left to whoever uses them.
package struct JSONScanner {
    let document: UnsafeRawBufferPointer
    var position = 0

    init(_ document: UnsafeRawBufferPointer) {
        self.document = document
    }

    /// Looks for the value at `path`.
    package static func find(_ path: JSONPath, in document: UnsafeRawBufferPointer) -> JSONLookup {
        var scanner = JSONScanner(document)
        return scanner.find(path)
    }

    /// Whether all of it is one JSON document, no deeper than `JSONPath.maximumDepth`.
    package static func isValid(_ document: UnsafeRawBufferPointer) -> Bool {
        var scanner = JSONScanner(document)
        scanner.skipWhitespace()
        guard scanner.readValue(depth: 0) != nil else { return false }
        scanner.skipWhitespace()
        return scanner.position == document.count
    }

    private mutating func find(_ path: JSONPath) -> JSONLookup {
        skipWhitespace()
        var depth = 0
        for step in path.steps {
            let arrival =
                switch step {
                case .member(let offset, let length, let isPlain):
                    path.names.withUnsafeBytes { names in
                        enterMember(
                            UnsafeRawBufferPointer(rebasing: names[offset..<offset + length]),
                            isPlain: isPlain,
                            depth: depth
                        )
                    }
                case .element(let index): enterElement(index, depth: depth)
                }
            switch arrival {
            case .atValue: depth += 1
            case .missing: return .missing
            case .invalid: return .invalid
            }
        }
        guard let value = readValue(depth: depth) else { return .invalid }
        if depth == 0 {
            skipWhitespace()
            guard position == document.count else { return .invalid }
        } else if value.kind == .number, position == document.count {
            // Cut off: there may have been more digits.
            return .invalid
        }
        return .found(value)
    }

    private enum Arrival {
        /// `position` is at the first byte of the value.
        case atValue
        case missing
        case invalid
    }

    /// Goes to the value of the object's first member with this name.
    private mutating func enterMember(_ name: UnsafeRawBufferPointer, isPlain: Bool, depth: Int) -> Arrival {
        guard current == UInt8(ascii: "{") else { return passedOther(depth: depth) }
        position += 1
        skipWhitespace()
        if current == UInt8(ascii: "}") { return .missing }
        while true {
            var isWanted = isPlain && startsWithQuoted(name)
            if isWanted {
                position += name.count + 2
            } else {
                guard let key = readString() else { return .invalid }
                isWanted = key.kind == .escapedString && key.equals(name, in: document)
            }
            guard passColon() else { return .invalid }
            if isWanted { return .atValue }
            guard passValue(depth: depth + 1) else { return .invalid }
            skipWhitespace()
            switch current {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "}"): return .missing
            default: return .invalid
            }
        }
    }

    /// Goes to the array's element at this index.
    private mutating func enterElement(_ index: Int, depth: Int) -> Arrival {
        guard current == UInt8(ascii: "[") else { return passedOther(depth: depth) }
        position += 1
        skipWhitespace()
        if current == UInt8(ascii: "]") { return .missing }
        for _ in 0..<index {
            guard passValue(depth: depth + 1) else { return .invalid }
            skipWhitespace()
            switch current {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "]"): return .missing
            default: return .invalid
            }
        }
        return .atValue
    }

    /// The document has another kind of value where the path goes on down.
    private mutating func passedOther(depth: Int) -> Arrival {
        passValue(depth: depth) ? .missing : .invalid
    }

    /// Whether a string of just these bytes begins here, without escapes.
    @inline(__always)
    private func startsWithQuoted(_ name: UnsafeRawBufferPointer) -> Bool {
        let end = position + name.count + 1
        guard end < document.count, document[end] == UInt8(ascii: "\""), document[position] == UInt8(ascii: "\"") else {
            return false
        }
        for offset in 0..<name.count where document[position + 1 + offset] != name[offset] { return false }
        return true
    }
}
