import NIOCore
import Testing

@testable import WSClient

struct RetryAfterTests {
    @Test(
        arguments: [
            ("0", TimeAmount.seconds(0)), ("5", .seconds(5)), ("3600", .hours(1)), ("3601", .hours(1)),
            ("99999999999999999999999", .hours(1)), ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", .seconds(0)), ("Mon, 07 Nov 1994 08:49:37 GMT", .hours(1)),
        ]
    )
    func understands(text: String, wait: TimeAmount) {
        #expect(RetryAfter.parse(text, now: 784_111_767) == wait)
    }

    @Test(arguments: ["", "-1", "5 s", "soon", "Sun, 06 Nov 1994", "Sun, 06 Nix 1994 08:49:37 GMT", "1e3"])
    func ignores(text: String) {
        #expect(RetryAfter.parse(text, now: 0) == nil)
    }

    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 31 Dec 2025 12:00:00 GMT", 1_767_182_400), ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
        ]
    )
    func countsDays(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text) == seconds)
    }
}
