extension JSONScanner {
    /// The byte at `position`; 0, which begins nothing in JSON, at the end.
    @inline(__always)
    var current: UInt8 { position < document.count ? document[position] : 0 }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < document.count, document[position] <= 0x20, Self.isWhitespace(document[position]) {
            position += 1
        }
    }

    /// Passes the colon after a member's name and the whitespace around it.
    @inline(__always)
    mutating func passColon() -> Bool {
        skipWhitespace()
        guard current == UInt8(ascii: ":") else { return false }
        position += 1
        skipWhitespace()
        return true
    }

    /// Reads the value that begins here; `nil` where it isn't one.
    ///
    /// `depth`: how many containers it lies in.
    mutating func readValue(depth: Int) -> JSONValue? {
        let start = position
        let kind: JSONValue.Kind
        switch current {
        case UInt8(ascii: "\""): return readString()
        case UInt8(ascii: "{"):
            kind = .object
        case UInt8(ascii: "["):
            kind = .array
        case UInt8(ascii: "t"): kind = .true
        case UInt8(ascii: "f"): kind = .false
        case UInt8(ascii: "n"): kind = .null
        default: kind = .number
        }
        guard passValue(depth: depth) else { return nil }
        return JSONValue(kind: kind, range: start..<position)
    }

    /// Passes the value that begins here, with all it contains.
    ///
    /// Containers are kept in one word, a bit each: 1 for an object, 0 for an array.
    mutating func passValue(depth: Int) -> Bool {
        var depth = depth
        let outermost = depth
        var isObject: UInt64 = 0
        while true {
            // At a value.
            switch current {
            case UInt8(ascii: "\""):
                guard readString() != nil else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < JSONPath.maximumDepth else { return false }
                let opensObject = document[position] == UInt8(ascii: "{")
                position += 1
                skipWhitespace()
                if current == (opensObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    position += 1
                    break
                }
                depth += 1
                isObject = isObject << 1 | (opensObject ? 1 : 0)
                if opensObject {
                    guard readString() != nil, passColon() else { return false }
                }
                continue
            case UInt8(ascii: "t"): guard passWord("true") else { return false }
            case UInt8(ascii: "f"): guard passWord("false") else { return false }
            case UInt8(ascii: "n"): guard passWord("null") else { return false }
            default: guard passNumber() else { return false }
            }
            // After a value: close what ends here, up to the next value.
            while depth > outermost {
                skipWhitespace()
                let byte = current
                position += 1
                if byte == UInt8(ascii: ",") {
                    skipWhitespace()
                    if isObject & 1 == 1 {
                        guard readString() != nil, passColon() else { return false }
                    }
                    break
                }
                guard byte == (isObject & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
                depth -= 1
                isObject >>= 1
            }
            if depth == outermost { return true }
        }
    }

    @inline(__always)
    private mutating func passWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard document.count - position >= length else { return false }
        for offset in 0..<length where document[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return position == document.count || Self.endsToken(document[position])
    }

    private mutating func passNumber() -> Bool {
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            guard passDigits() else { return false }
        }
        if current == UInt8(ascii: ".") {
            position += 1
            guard passDigits() else { return false }
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard passDigits() else { return false }
        }
        return position == document.count || Self.endsToken(document[position])
    }

    @inline(__always)
    private mutating func passDigits() -> Bool {
        let start = position
        while position < document.count, document[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        return position > start
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func endsToken(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || isWhitespace(byte)
    }
}
