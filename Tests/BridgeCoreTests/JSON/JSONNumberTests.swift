import TestSupport
import Testing

@testable import BridgeCore

struct JSONNumberTests {
    /// Each is less than the next.
    private static let ascending = [
        "-1e400", "-18446744073709551616", "-9223372036854775809", "-9223372036854775808", "-9007199254740993",
        "-9007199254740992.5", "-9007199254740992", "-1e3", "-999.999", "-1.5", "-1", "-0.1", "-1e-400", "0", "5e-324",
        "0.000000000000001", "0.1", "0.10000000000000000001", "1", "1.0000000000000000001", "12.5", "999", "1001",
        "9007199254740991", "9007199254740992", "9007199254740992.5", "9007199254740993", "9007199254740994",
        "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551614",
        "18446744073709551615", "18446744073709551616", "18446744073709551617", "1.7976931348623157e308", "1e400",
        "1e401",
    ]

    @Test func orderIsExact() throws {
        let numbers = try Self.ascending.map { try number($0) }
        for (index, one) in numbers.enumerated() {
            for (other, two) in numbers.enumerated() {
                #expect((one < two) == (index < other), "\(Self.ascending[index]) < \(Self.ascending[other])")
                #expect((one == two) == (index == other), "\(Self.ascending[index]) = \(Self.ascending[other])")
            }
        }
    }

    @Test(arguments: [
        ["0", "-0", "0.0", "-0e5", "0e-5", "0.000"], ["1", "1.0", "1e0", "10e-1", "0.1e1", "0.001E+3", "1.000"],
        ["-1000", "-1e3", "-1000.00", "-0.1e4", "-10000e-1"],
        ["9007199254740993", "9007199254740993.0", "9007199254740.993e3", "90071992547409930e-1"],
        ["18446744073709551615", "1.8446744073709551615e19", "18446744073709551615.0"], ["0.1", "0.10", "1e-1"],
    ])
    func oneValueIsOneNumber(texts: [String]) throws {
        let numbers = try texts.map { try number($0) }
        #expect(Set(numbers).count == 1)
    }

    @Test("Two 64-bit integers compare as they do in Swift, mixed with doubles at the edge of exactness")
    func comparesLikeIntegers() throws {
        var generator = SeededGenerator(seed: 53)
        for _ in 0..<20_000 {
            let bits = Int.random(in: 1...62, using: &generator)
            let one = Int64.random(in: -(1 << bits - 1)...(1 << bits - 1), using: &generator)
            let two = Bool.random(using: &generator) ? one &+ Int64.random(in: -1...1, using: &generator) : -one
            #expect((try number("\(one)") < number("\(two)")) == (one < two))
            #expect((try number("\(one)") == number("\(two).0")) == (one == two))
            #expect(JSONNumber(Int(one)) == (try number("\(one)")))
        }
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("7", "7"), ("-7.50", "-7.5"), ("1e3", "1000"),
        ("9007199254740993", "9007199254740993"),
        ("0.00012", "0.00012"), ("1e-9", "1e-9"), ("-12e400", "-1.2e401"),
        ("18446744073709551615", "18446744073709551615"),
    ])
    func isToldInTheShortestWords(text: String, words: String) throws {
        #expect(try number(text).description == words)
    }

    @Test(arguments: ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "1x", "+1", "0x10", "nan", "inf", "1e5.0"])
    func anythingElseIsNone(text: String) {
        #expect(JSONNumber(text) == nil)
    }

    @Test("S14: a number of millions of digits or an absurd exponent is read in its length's time and fits its place")
    func absurdNumbersAreBounded() throws {
        let long = String(repeating: "1", count: 1 << 20)
        #expect(try number(long) > number("1e1000"))
        #expect(try number("0." + String(repeating: "0", count: 1 << 20) + "1") < number("1e-1000"))
        #expect(try number("1e99999999999999999999999") > number(long))
        #expect(try number("-1e99999999999999999999999") < number("-" + long))
        #expect(try number("1e-99999999999999999999999") > 0)
        #expect(try number("0e99999999999999999999999") == 0)
    }

    private func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }
}
