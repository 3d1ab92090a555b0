import BridgeCore
import Logging
import Testing

struct LogLineTests {
    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(at: Timestamp(milliseconds: 0), level: .warning, message: message, metadata: metadata)
    }

    @Test func textNamesTimeLevelAndWhatItIsAbout() {
        #expect(
            line("connection refused", ["connection": "cloud"]).formatted(as: .text)
                == "1970-01-01T00:00:00.000Z warning connection=cloud connection refused"
        )
    }

    @Test func jsonIsOneObjectALine() {
        #expect(
            line("refused", ["connection": "cloud"]).formatted(as: .json)
                == #"{"at":"1970-01-01T00:00:00.000Z","connection":"cloud","level":"warning","message":"refused"}"#
        )
    }

    @Test("S10: nothing in a message breaks the line or steers a terminal", arguments: LogConfiguration.Format.allCases)
    func hostileTextStaysOneLine(format: LogConfiguration.Format) {
        let hostile = "a\nb\r\u{1B}[31mred\u{9B}\u{202E}evil\u{2028}\u{0}"
        let text = line(hostile, ["reason": "\(hostile)"]).formatted(as: format)
        for scalar in text.unicodeScalars {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
            #expect(!["\u{202E}", "\u{2028}"].contains(scalar))
        }
    }

    @Test func aLongMessageIsCut() {
        #expect(line(String(repeating: "x", count: 100_000)).formatted(as: .text).count < 3000)
    }
}

struct LogRateLimiterTests {
    @Test func equalLinesAreHeldBackAfterAFewAndCounted() {
        var limiter = LogRateLimiter()
        for _ in 0..<5 { #expect(limiter.judge(1, now: 0) == .write(heldBack: 0)) }
        for _ in 0..<7 { #expect(limiter.judge(1, now: 1) == .holdBack) }
        #expect(limiter.judge(2, now: 1) == .write(heldBack: 0))
        #expect(limiter.judge(1, now: 10) == .write(heldBack: 7))
        #expect(limiter.judge(1, now: 10) == .write(heldBack: 0))
    }

    @Test func aFloodOfDifferentLinesIsHeldBackToo() {
        var limiter = LogRateLimiter()
        let written = (0..<10_000).filter { limiter.judge($0, now: 0.5) != .holdBack }.count
        #expect(written == 500)
        #expect(limiter.judge(-1, now: 1) == .write(heldBack: 9500))
    }
}
