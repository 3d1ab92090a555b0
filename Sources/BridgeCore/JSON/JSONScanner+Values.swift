extension JSONScanner {
    /// The byte at a position; 0, which begins nothing in JSON, at the end.
    @inline(__always)
    func byte(_ position: Int) -> UInt8 { position < document.count ? document[position] : 0 }

    @inline(__always)
    func afterWhitespace(_ start: Int) -> Int {
        var position = start
        while position < document.count, document[position] <= 0x20, Self.isWhitespace(document[position]) {
            position += 1
        }
        return position
    }

    /// After the colon that follows a member's name, and the whitespace around it.
    @inline(__always)
    func afterColon(_ start: Int) -> Int {
        let position = afterWhitespace(start)
        return byte(position) == UInt8(ascii: ":") ? afterWhitespace(position + 1) : Self.nowhere
    }

    /// After a member's name and its colon.
    @inline(__always)
    private func afterName(_ start: Int) -> Int {
        let (end, _) = afterString(start)
        return end == Self.nowhere ? Self.nowhere : afterColon(end)
    }

    /// After the value that begins here.
    ///
    /// `depth`: how many containers it lies in.
    @inline(__always)
    func afterValue(_ start: Int, depth: Int) -> Int {
        switch byte(start) {
        case UInt8(ascii: "\""): afterString(start).end
        case UInt8(ascii: "{"), UInt8(ascii: "["): afterContainer(start, depth: depth)
        case UInt8(ascii: "t"): afterWord("true", start)
        case UInt8(ascii: "f"): afterWord("false", start)
        case UInt8(ascii: "n"): afterWord("null", start)
        default: afterNumber(start)
        }
    }

    /// After the object or array that begins here, and all it contains.
    ///
    /// The containers that are open are kept in one word, a bit each: 1 for an object, 0 for an array.
    private func afterContainer(_ start: Int, depth: Int) -> Int {
        var position = start
        var open = 0
        var isObject: UInt64 = 0
        repeat {
            // At a value.
            let first = byte(position)
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard depth + open < JSONPath.maximumDepth else { return Self.nowhere }
                position = afterWhitespace(position + 1)
                // In ASCII a closing bracket comes two after its opening one.
                if byte(position) != first + 2 {
                    open += 1
                    isObject = isObject << 1 | (first == UInt8(ascii: "{") ? 1 : 0)
                    if first == UInt8(ascii: "{") { position = afterName(position) }
                    if position == Self.nowhere { return Self.nowhere }
                    continue
                }
                position += 1
            } else {
                // No container: the depth doesn't matter.
                position = afterValue(position, depth: 0)
                if position == Self.nowhere { return Self.nowhere }
            }
            // After a value: close what ends here, up to the next value.
            while open > 0 {
                position = afterWhitespace(position)
                let separator = byte(position)
                position += 1
                if separator == UInt8(ascii: ",") {
                    position = afterWhitespace(position)
                    if isObject & 1 == 1 { position = afterName(position) }
                    if position == Self.nowhere { return Self.nowhere }
                    break
                }
                guard separator == (isObject & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    return Self.nowhere
                }
                open -= 1
                isObject >>= 1
            }
        } while open > 0
        return position
    }

    @inline(__always)
    private func afterWord(_ word: StaticString, _ start: Int) -> Int {
        let length = word.utf8CodeUnitCount
        guard document.count - start >= length else { return Self.nowhere }
        for offset in 0..<length where document[start + offset] != word.utf8Start[offset] { return Self.nowhere }
        return endsToken(start + length) ? start + length : Self.nowhere
    }

    @inline(__always)
    private func afterNumber(_ start: Int) -> Int {
        var position = start
        if byte(position) == UInt8(ascii: "-") { position += 1 }
        if byte(position) == UInt8(ascii: "0") {
            position += 1
        } else {
            position = afterDigits(position)
        }
        if position != Self.nowhere, byte(position) == UInt8(ascii: ".") {
            position = afterDigits(position + 1)
        }
        if position != Self.nowhere, byte(position) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") { position += 1 }
            position = afterDigits(position)
        }
        return position != Self.nowhere && endsToken(position) ? position : Self.nowhere
    }

    /// After one digit or more.
    @inline(__always)
    private func afterDigits(_ start: Int) -> Int {
        var position = start
        while position < document.count, document[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        return position > start ? position : Self.nowhere
    }

    /// Whether a number or word may end before this position.
    @inline(__always)
    private func endsToken(_ position: Int) -> Bool {
        guard position < document.count else { return true }
        let byte = document[position]
        return byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
            || Self.isWhitespace(byte)
    }

    @inline(__always)
    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
