import Testing

@testable import BridgeCore

struct JSONNumberTests {
    @Test(arguments: [
        "0", "-0", "1", "-1", "12.5", "0.1", "61234.50", "123456789012345", "1234567890123456789", "0.000000000000001",
        "1e3", "1E-3", "-2.5e+10", "1.7976931348623157e308", "5e-324", "1e-400", "9007199254740993",
        "3.141592653589793238462643383279",
    ])
    func isTheNearestDouble(text: String) throws {
        let expected = try #require(Double(text))
        #expect(value(text) == expected)
        #expect(value(text)?.sign == expected.sign)
    }

    @Test("S14: a number beyond a Double's range has no value", arguments: ["1e400", "-1e400", "1e999999999"])
    func whatIsTooLargeHasNoValue(text: String) {
        #expect(value(text) == nil)
    }

    @Test("S14: a number of thousands of digits has no value")
    func whatIsAbsurdlyLongHasNoValue() {
        #expect(value("0." + String(repeating: "1", count: 510)) != nil)
        #expect(value(String(repeating: "1", count: 100_000)) == nil)
    }

    private func value(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBytes { JSONNumber.value(of: $0) }
    }
}
