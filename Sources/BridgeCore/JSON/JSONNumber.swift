/// The value of a JSON number's text, as the nearest Double.
enum JSONNumber {
    /// No number is longer: what comes on top of that is there to cost us time.
    private static let maximumLength = 512

    private static let exactPowersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// `text` is a JSON number.
    ///
    /// `nil` where it is beyond a Double's range or absurdly long.
    static func value(of text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= maximumLength else { return nil }
        if let value = exactValue(of: text) { return value }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// What nearly all numbers are: at most 15 digits and a small power of ten.
    ///
    /// Both fit a Double exactly, so that one multiplication or division gives the nearest value.
    private static func exactValue(of text: UnsafeRawBufferPointer) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction = 0
        var isFraction = false
        for index in 0..<text.count {
            switch text[index] {
            case UInt8(ascii: "-"): continue
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                mantissa = mantissa &* 10 &+ UInt64(text[index] &- UInt8(ascii: "0"))
                digits += 1
                if isFraction { fraction += 1 }
            default: return nil
            }
        }
        guard digits <= 15 else { return nil }
        let value = Double(mantissa) / exactPowersOfTen[fraction]
        return text.first == UInt8(ascii: "-") ? -value : value
    }
}
