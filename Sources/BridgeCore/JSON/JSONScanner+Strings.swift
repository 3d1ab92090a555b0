extension JSONScanner {
    /// After the string that begins here, its escapes checked; and whether it has any.
    @inline(__always)
    func afterString(_ start: Int) -> (end: Int, hasEscapes: Bool) {
        guard byte(start) == UInt8(ascii: "\"") else { return (Self.nowhere, false) }
        let position = afterPlain(start + 1)
        if byte(position) == UInt8(ascii: "\"") { return (position + 1, false) }
        return (afterEscapes(position), true)
    }

    /// After a string that has an escape, or else something wrong, here.
    private func afterEscapes(_ start: Int) -> Int {
        var position = start
        while true {
            switch byte(position) {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"):
                position = afterEscape(position)
                guard position != Self.nowhere else { return Self.nowhere }
                position = afterPlain(position)
            default:
                // A control character, or the end of the document.
                return Self.nowhere
            }
        }
    }

    /// At the next quote, backslash or control character, or the end; eight bytes at a time.
    @inline(__always)
    private func afterPlain(_ start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var position = start
        while position + 8 <= document.count {
            let word = UInt64(littleEndian: document.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            // The high bit of each byte that is sought. A borrow can set it too, but only above one that is. With bit 1
            // turned over, the quote (0x22) comes to lie next to the control characters.
            let quoteOrControl = (word ^ ones &* 0x02) &- ones &* 0x21
            let backslash = (word ^ ones &* 0x5C) &- ones
            let hits = (quoteOrControl | backslash) & ~word & highs
            if hits != 0 { return position + hits.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < document.count {
            let byte = document[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
            position += 1
        }
        return position
    }

    private func afterEscape(_ start: Int) -> Int {
        switch byte(start + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard start + 6 <= document.count else { return Self.nowhere }
            for offset in 2..<6 where JSONStringDecoder.hexDigit(document[start + offset]) == nil {
                return Self.nowhere
            }
            return start + 6
        default: return Self.nowhere
        }
    }
}
