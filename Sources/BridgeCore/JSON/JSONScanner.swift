/// Finds one value in a JSON document (RFC 8259) by reading forward, without a tree, recursion or allocation.
///
/// It stops at the first answer. What it passes on the way, and the value it finds, are checked in full: structure,
/// numbers, escapes, depth. What comes after the value isn't looked at; so of a document that is cut off later, or
/// names a member twice, the first value counts. Only with the path `$` is the whole document read. Whether strings
/// are valid UTF-8 is left to whoever uses them.
///
/// Its methods take a position and return the next one, in registers: kept in the scanner, it would be stored and
/// loaded for each byte.
package struct JSONScanner {
    /// The position after something that isn't JSON.
    static let nowhere = -1

    let document: UnsafeRawBufferPointer

    init(_ document: UnsafeRawBufferPointer) {
        self.document = document
    }

    /// Looks for the value at `path`.
    package static func find(_ path: JSONPath, in document: UnsafeRawBufferPointer) -> JSONLookup {
        JSONScanner(document).find(path)
    }

    /// Whether all of it is one JSON document, no deeper than `JSONPath.maximumDepth`.
    package static func isValid(_ document: UnsafeRawBufferPointer) -> Bool {
        let scanner = JSONScanner(document)
        let end = scanner.afterValue(scanner.start, depth: 0)
        return end != nowhere && scanner.afterWhitespace(end) == document.count
    }

    /// The beginning of the document's value: a byte order mark, which RFC 8259 lets a reader ignore, is passed over.
    private var start: Int {
        let hasMark = document.count >= 3 && document[0] == 0xEF && document[1] == 0xBB && document[2] == 0xBF
        return afterWhitespace(hasMark ? 3 : 0)
    }

    private func find(_ path: JSONPath) -> JSONLookup {
        var position = start
        var depth = 0
        for index in path.steps.indices {
            let arrival =
                switch path.steps[index] {
                case .member(let offset, let length, let isPlain):
                    path.names.withUnsafeBytes { names in
                        member(
                            named: UnsafeRawBufferPointer(rebasing: names[offset..<offset + length]),
                            isPlain: isPlain,
                            at: position,
                            depth: depth
                        )
                    }
                case .element(let index): element(index, at: position, depth: depth)
                }
            switch arrival {
            case .value(let start): position = start
            case .missing: return .missing
            case .invalid: return .invalid
            }
            depth += 1
        }
        return found(at: position, depth: depth)
    }

    /// The value at the path's end, checked to its own end.
    private func found(at start: Int, depth: Int) -> JSONLookup {
        if byte(start) == UInt8(ascii: "\"") {
            let (end, hasEscapes) = afterString(start)
            guard end != Self.nowhere, depth > 0 || afterWhitespace(end) == document.count else { return .invalid }
            return .found(JSONValue(kind: hasEscapes ? .escapedString : .string, range: start + 1..<end - 1))
        }
        let end = afterValue(start, depth: depth)
        guard end != Self.nowhere else { return .invalid }
        let kind: JSONValue.Kind
        switch byte(start) {
        case UInt8(ascii: "{"): kind = .object
        case UInt8(ascii: "["): kind = .array
        case UInt8(ascii: "t"): kind = .true
        case UInt8(ascii: "f"): kind = .false
        case UInt8(ascii: "n"): kind = .null
        default: kind = .number
        }
        if depth == 0 {
            guard afterWhitespace(end) == document.count else { return .invalid }
        } else if kind == .number, end == document.count {
            // Cut off: there may have been more digits.
            return .invalid
        }
        return .found(JSONValue(kind: kind, range: start..<end))
    }

    private enum Arrival {
        /// Where the value begins.
        case value(Int)
        case missing
        case invalid
    }

    /// The value of the first member with this name, of the object that begins here.
    private func member(named name: UnsafeRawBufferPointer, isPlain: Bool, at start: Int, depth: Int) -> Arrival {
        guard byte(start) == UInt8(ascii: "{") else { return passedOther(at: start, depth: depth) }
        var position = afterWhitespace(start + 1)
        if byte(position) == UInt8(ascii: "}") { return .missing }
        while true {
            var isWanted = isPlain && isQuoted(name, at: position)
            if isWanted {
                position += name.count + 2
            } else {
                let (end, hasEscapes) = afterString(position)
                guard end != Self.nowhere else { return .invalid }
                if hasEscapes {
                    let key = JSONValue(kind: .escapedString, range: position + 1..<end - 1)
                    isWanted = key.equals(name, in: document)
                }
                position = end
            }
            position = afterColon(position)
            guard position != Self.nowhere else { return .invalid }
            if isWanted { return .value(position) }
            position = afterValue(position, depth: depth + 1)
            guard position != Self.nowhere else { return .invalid }
            position = afterWhitespace(position)
            guard byte(position) == UInt8(ascii: ",") else {
                return byte(position) == UInt8(ascii: "}") ? .missing : .invalid
            }
            position = afterWhitespace(position + 1)
        }
    }

    /// The element at this index, of the array that begins here.
    private func element(_ index: Int, at start: Int, depth: Int) -> Arrival {
        guard byte(start) == UInt8(ascii: "[") else { return passedOther(at: start, depth: depth) }
        var position = afterWhitespace(start + 1)
        if byte(position) == UInt8(ascii: "]") { return .missing }
        for _ in 0..<index {
            position = afterValue(position, depth: depth + 1)
            guard position != Self.nowhere else { return .invalid }
            position = afterWhitespace(position)
            guard byte(position) == UInt8(ascii: ",") else {
                return byte(position) == UInt8(ascii: "]") ? .missing : .invalid
            }
            position = afterWhitespace(position + 1)
        }
        return .value(position)
    }

    /// The document has another kind of value where the path goes on down.
    private func passedOther(at start: Int, depth: Int) -> Arrival {
        afterValue(start, depth: depth) == Self.nowhere ? .invalid : .missing
    }

    /// Whether a string of just these bytes begins here, without escapes.
    @inline(__always)
    private func isQuoted(_ name: UnsafeRawBufferPointer, at position: Int) -> Bool {
        let end = position + name.count + 1
        guard end < document.count, document[end] == UInt8(ascii: "\""), document[position] == UInt8(ascii: "\"") else {
            return false
        }
        for offset in 0..<name.count where document[position + 1 + offset] != name[offset] { return false }
        return true
    }
}
