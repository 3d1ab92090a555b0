/// A number's value, exact to 38 significant digits: rounded to a Double, neighbours among 64-bit integers would be one.
///
/// Equal and ordered by value: 1, 1.0 and 1e0 are the same number, and so are 0 and -0. Digits beyond the 38th are not
/// looked at.
package struct JSONNumber: Sendable, Hashable, Comparable {
    /// -1, 0 or 1.
    private let sign: Int
    /// The value is 0.d₁d₂d₃… × 10^exponent, where d₁ is no zero; 0 for zero itself.
    private let exponent: Int
    /// d₁ to d₁₉ as one number, zeros in place of missing digits.
    private let head: UInt64
    /// d₂₀ to d₃₈, alike.
    private let tail: UInt64

    private static let digitsInWord = 19
    private static let powersOfTen: [UInt64] = (0...digitsInWord).map { power in
        (0..<power).reduce(1) { value, _ in value * 10 }
    }
    /// No exponent counts for more, so that sums of them fit.
    private static let largestExponent = 1 << 40

    /// Reads digits with or without a point and an exponent; `nil` for anything else.
    ///
    /// The text of any JSON number is one.
    package init?(_ text: UnsafeRawBufferPointer) {
        var position = text.first == UInt8(ascii: "-") ? 1 : 0
        let isNegative = position == 1
        var head: UInt64 = 0
        var tail: UInt64 = 0
        // Digits from the first one that is not zero.
        var significant = 0
        var exponent = 0
        var hasDigits = false
        var isFraction = false
        scan: while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                hasDigits = true
                if significant == 0, byte == UInt8(ascii: "0") {
                    if isFraction { exponent -= 1 }
                } else {
                    let digit = UInt64(byte &- UInt8(ascii: "0"))
                    if significant < Self.digitsInWord {
                        head = head &* 10 &+ digit
                    } else if significant < 2 * Self.digitsInWord {
                        tail = tail &* 10 &+ digit
                    }
                    significant += 1
                    if !isFraction { exponent += 1 }
                }
            case UInt8(ascii: ".") where !isFraction: isFraction = true
            default: break scan
            }
            position += 1
        }
        guard hasDigits else { return nil }
        if position < text.count {
            guard text[position] | 0x20 == UInt8(ascii: "e"), let power = Self.power(text[(position + 1)...]) else {
                return nil
            }
            exponent += power
        }
        self.init(isNegative: isNegative, head: head, tail: tail, significant: significant, exponent: exponent)
    }

    package init?(_ text: String) {
        guard let number = Array(text.utf8).withUnsafeBytes({ JSONNumber($0) }) else { return nil }
        self = number
    }

    package init(_ integer: Int) {
        let magnitude = UInt64(integer.magnitude)
        let digits = Self.powersOfTen.firstIndex { magnitude < $0 } ?? Self.digitsInWord
        self.init(isNegative: integer < 0, head: magnitude, tail: 0, significant: digits, exponent: digits)
    }

    private init(isNegative: Bool, head: UInt64, tail: UInt64, significant: Int, exponent: Int) {
        let word = Self.digitsInWord
        sign = significant == 0 ? 0 : isNegative ? -1 : 1
        self.exponent = significant == 0 ? 0 : exponent
        self.head = head &* Self.powersOfTen[word - min(significant, word)]
        self.tail = tail &* Self.powersOfTen[word - min(max(significant - word, 0), word)]
    }

    /// The number behind `e`.
    private static func power(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        var digits = text
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative || text.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard !digits.isEmpty else { return nil }
        var power = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            power = min(power * 10 + Int(byte - UInt8(ascii: "0")), largestExponent)
        }
        return isNegative ? -power : power
    }

    package static func < (one: JSONNumber, other: JSONNumber) -> Bool {
        guard one.sign == other.sign else { return one.sign < other.sign }
        let (near, far) = one.sign < 0 ? (other, one) : (one, other)
        return (near.exponent, near.head, near.tail) < (far.exponent, far.head, far.tail)
    }
}

extension JSONNumber: CustomStringConvertible {
    /// The shortest text of the value, in JSON.
    package var description: String {
        guard sign != 0 else { return "0" }
        let digits = Self.padded(head) + Self.padded(tail)
        let count = (digits.lastIndex { $0 != "0" } ?? 0) + 1
        let minus = sign < 0 ? "-" : ""
        switch exponent {
        case count...21:
            return minus + String(digits[..<count]) + String(repeating: "0", count: exponent - count)
        case 1..<max(count, 1):
            return minus + String(digits[..<exponent]) + "." + String(digits[exponent..<count])
        case -5...0:
            return minus + "0." + String(repeating: "0", count: -exponent) + String(digits[..<count])
        default:
            let fraction = count > 1 ? "." + String(digits[1..<count]) : ""
            return minus + String(digits[0]) + fraction + "e\(exponent - 1)"
        }
    }

    private static func padded(_ word: UInt64) -> [Character] {
        let digits = Array(String(word))
        return Array(repeating: "0", count: digitsInWord - digits.count) + digits
    }
}
