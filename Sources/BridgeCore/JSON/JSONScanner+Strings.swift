extension JSONScanner {
    /// Reads the string that begins here, checking its escapes; `nil` where it isn't one.
    mutating func readString() -> JSONValue? {
        guard current == UInt8(ascii: "\"") else { return nil }
        position += 1
        let start = position
        var kind = JSONValue.Kind.string
        while true {
            skipPlain()
            guard position < document.count else { return nil }
            switch document[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONValue(kind: kind, range: start..<position - 1)
            case UInt8(ascii: "\\"):
                kind = .escapedString
                guard passEscape() else { return nil }
            default:
                // A control character.
                return nil
            }
        }
    }

    /// Goes on to the next quote, backslash or control character, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= document.count {
            let word = UInt64(littleEndian: document.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            // The high bit of each byte that is sought. A borrow can set it too, but only above one that is.
            let hits =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word) & highs
            if hits != 0 {
                position += hits.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
        while position < document.count {
            let byte = document[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { return }
            position += 1
        }
    }

    private mutating func passEscape() -> Bool {
        guard position + 1 < document.count else { return false }
        switch document[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
            return true
        case UInt8(ascii: "u"):
            guard position + 6 <= document.count else { return false }
            for offset in 2..<6 where JSONStringDecoder.hexDigit(document[position + offset]) == nil { return false }
            position += 6
            return true
        default: return false
        }
    }
}
