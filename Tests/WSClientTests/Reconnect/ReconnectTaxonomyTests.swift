import NIOCore
import NIOHTTP1
import NIOPosix
import TLS
import TestSupport
import Testing

@testable import WSClient

/// What each way to fail leads to: `backoff`, `fault`, or a fault the second time.
struct ReconnectTaxonomyTests {
    private func machine(
        initialDelay: TimeAmount = .seconds(1),
        maxDelay: TimeAmount = .seconds(60)
    ) -> ReconnectStateMachine {
        ReconnectStateMachine(
            autoReconnect: true,
            initialDelay: initialDelay,
            maxDelay: maxDelay,
            stableAfter: .seconds(30)
        )
    }

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    /// The state after one such failure, and after two in a row.
    private func states(_ failure: ConnectionFailure) -> String {
        var generator = SeededGenerator(seed: 1)
        var machine = machine()
        _ = machine.connect()
        var words: [String] = []
        for _ in 0..<2 {
            _ = machine.ended(failure, now: at(0), using: &generator)
            switch machine.state {
            case .backoff: words.append("backoff")
            case .fault: words.append("fault")
            default: words.append("\(machine.state)")
            }
            _ = machine.timerFired()
        }
        return words.joined(separator: ", ")
    }

    @Test("what an HTTP answer leads to", arguments: 100...599)
    func httpAnswers(status: Int) throws {
        let url = try WebSocketURL("ws://h/")
        var generator = SystemRandomNumberGenerator()
        let key = HandshakeKey(using: &generator)
        let request = try HandshakeRequest(url: url, key: key, subprotocols: [], headers: [])
        let verdict = HandshakeVerdict(ResponseHead(status: status), to: request, wallClock: 0)
        guard case .failed(let failure) = verdict else {
            #expect(status < 200 && status != 101)
            return
        }
        let expected =
            switch status {
            case 401, 403: "backoff, fault"
            case 408, 425, 429: "backoff, backoff"
            case 300..<500: "fault, fault"
            default: "backoff, backoff"
            }
        #expect(states(failure) == expected)
    }

    @Test(
        "what fails before HTTP",
        arguments: [
            (IOError(errnoCode: 111, reason: "connect") as any Error, "backoff, backoff"),
            (IOError(errnoCode: 101, reason: "connect"), "backoff, backoff"),
            (IOError(errnoCode: 104, reason: "read"), "backoff, backoff"),
            (ConnectRaceError(host: "h"), "backoff, backoff"),
            (AddressLookupError(host: "h", code: -2), "backoff, backoff"),
            (ResponseHeadError.notHTTP, "backoff, backoff"),
            (WebSocketHeaderError.invalidValue(name: "X"), "fault, fault"),
            (TLSError.closedInHandshake(name: "h"), "backoff, backoff"),
            (TLSError.notTLS(name: "h"), "backoff, backoff"),
            (UnixSocketFailure(IOError(errnoCode: 2, reason: "connect"), path: "/nowhere"), "backoff, backoff"),
            (UnixSocketFailure(IOError(errnoCode: 13, reason: "connect"), path: "/nowhere"), "fault, fault"),
        ]
    )
    func errors(error: any Error, expected: String) {
        let error = (error as? AddressLookupError).map { ConnectRaceError(host: "h", lookupErrors: [$0]) } ?? error
        #expect(states(ConnectionFailure(error, server: "h:1")) == expected)
    }

    // MARK: Close codes

    private func delays(_ code: CloseCode, times: Int, maxDelay: TimeAmount = .seconds(60)) -> [Double] {
        var generator = SeededGenerator(seed: 7)
        var machine = machine(maxDelay: maxDelay)
        _ = machine.connect()
        return (0..<times).map { _ in
            machine.tcpConnected()
            machine.established(now: at(0))
            let failure = ConnectionFailure("closed", closeCode: code)
            guard case .wait(let until) = machine.ended(failure, now: at(0), using: &generator) else { return -1 }
            _ = machine.timerFired()
            return Double((until - at(0)).nanoseconds) / 1e9
        }
    }

    @Test func aServiceRestartIsGivenFiveToThirtySeconds() {
        let all = (0..<40).flatMap { _ in delays(.serviceRestart, times: 1, maxDelay: .seconds(1)) }
        let several = delays(.serviceRestart, times: 4)
        for delay in all + several { #expect((5...30).contains(delay)) }
        #expect(Set(several).count == 4, "never the same time")
    }

    @Test func tryAgainLaterWaitsLongerEachTime() {
        let delays = delays(.tryAgainLater, times: 10, maxDelay: .seconds(1))
        for delay in delays { #expect(delay >= 10) }
        #expect(delays[0] <= 20)
        #expect(delays.allSatisfy { $0 <= 310 })
        #expect(delays.max() ?? 0 > 40)
        #expect(ComeBackLater.tryAgainLater.range(failures: 0) == .seconds(10) ... .seconds(20))
        #expect(ComeBackLater.tryAgainLater.range(failures: 3) == .seconds(10) ... .seconds(90))
        #expect(ComeBackLater.tryAgainLater.range(failures: 1_000_000) == .seconds(10) ... .seconds(310))
    }

    @Test(
        "S14: a server that closes right after each establishment is not hammered",
        arguments: [1000, 1006, 1008, 1011, 4001]
    )
    func closingAtOnceIsNotHammered(code: UInt16) {
        // The highest wait of each attempt: full jitter lies below it.
        var generator = BackoffTests.Highest()
        var machine = machine()
        _ = machine.connect()
        var delays: [Int64] = []
        for second in 0..<8 {
            machine.tcpConnected()
            machine.established(now: at(Int64(second) * 100))
            let failure = ConnectionFailure("closed", closeCode: CloseCode(rawValue: code))
            guard case .wait(let until) = machine.ended(failure, now: at(Int64(second) * 100 + 1), using: &generator)
            else { break }
            delays.append((until - at(Int64(second) * 100 + 1)).nanoseconds / 1_000_000_000)
            _ = machine.timerFired()
        }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60])
    }

    @Test func closeCodesOfPolicyAndOfApplicationsAreSaidInWords() {
        func words(_ code: UInt16, _ reason: String = "") -> String? {
            var closing = CloseStateMachine()
            _ = closing.received(CloseFrame(code: CloseCode(rawValue: code), reason: reason))
            return closing.reason
        }
        #expect(
            words(1008, "no such channel")
                == "server closed the connection: 1008 (policy violation), \"no such channel\"; "
                + "it doesn't allow what we did: look at the token and at what is sent or subscribed to"
        )
        #expect(
            words(4001)
                == "server closed the connection: 4001; a code of this service: its documentation says what it means"
        )
        #expect(words(1013) == "server closed the connection: 1013 (try again later); it asks to come back later")
        #expect(words(1011) == "server closed the connection: 1011 (internal error)")
    }

    @Test("many that lose the same server at once come back at different times", arguments: [10, 1000])
    func manyComeBackAtDifferentTimes(count: Int) {
        var generator = SeededGenerator(seed: 42)
        var times: [Int64] = []
        for _ in 0..<count {
            var machine = machine()
            _ = machine.connect()
            machine.tcpConnected()
            machine.established(now: at(0))
            let failure = ConnectionFailure("lost", closeCode: .abnormalClosure)
            guard case .wait(let until) = machine.ended(failure, now: at(60), using: &generator) else { continue }
            times.append((until - at(60)).nanoseconds)
        }
        #expect(times.count == count)
        #expect(Set(times).count == count)
        // Of a second cut into ten, no part holds more than a fair share and a bit.
        let parts = Dictionary(grouping: times) { $0 / 100_000_000 }
        #expect(parts.values.allSatisfy { $0.count <= max(4, count / 5) })
        #expect((times.max() ?? 0) - (times.min() ?? 0) > 500_000_000)
    }
}
