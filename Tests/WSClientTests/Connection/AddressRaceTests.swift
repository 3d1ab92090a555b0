import NIOCore
import TestSupport
import Testing

@testable import WSClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct AddressRaceTests {
    private let six1 = address("2001:db8::1")
    private let six2 = address("2001:db8::2")
    private let four1 = address("192.0.2.1")
    private let four2 = address("192.0.2.2")
    private let unknown = AddressLookupError(host: "h", code: EAI_NONAME)
    private let unanswered = AddressLookupError(host: "h", code: EAI_AGAIN)
    private var race = AddressRace()

    private static func address(_ text: String) -> SocketAddress {
        guard let address = try? SocketAddress(ipAddress: text, port: 443) else {
            preconditionFailure("\(text) is no address")
        }
        return address
    }

    @Test("RFC 8305 3: IPv6 addresses begin as soon as they are known")
    mutating func ipv6BeginsAtOnce() {
        #expect(race.answered(.ipv6, .success([six1])) == .connect(six1))
        #expect(race.answered(.ipv4, .success([four1])) == .doNothing)
        #expect(race.resolutionDelayPassed() == .doNothing)
        #expect(race.attemptDelayPassed() == .connect(four1))
        #expect(race.attemptDelayPassed() == .doNothing)
    }

    @Test("RFC 8305 3: IPv4 addresses wait 50 ms for the IPv6 ones")
    mutating func ipv4Waits() {
        #expect(race.answered(.ipv4, .success([four1])) == .waitForOtherFamily)
        #expect(race.attemptDelayPassed() == .doNothing)
        #expect(race.resolutionDelayPassed() == .connect(four1))
        #expect(race.answered(.ipv6, .success([six1])) == .doNothing)
        #expect(race.attemptDelayPassed() == .connect(six1))
        #expect(AddressRace.resolutionDelay == .milliseconds(50))
        #expect(AddressRace.attemptDelay == .milliseconds(250))
    }

    @Test mutating func ipv6ThatComesWhileIPv4WaitsGoesFirst() {
        #expect(race.answered(.ipv4, .success([four1])) == .waitForOtherFamily)
        #expect(race.answered(.ipv6, .success([six1])) == .connect(six1))
        #expect(race.resolutionDelayPassed() == .doNothing)
    }

    @Test mutating func withoutIPv6NothingIsWaitedFor() {
        #expect(race.answered(.ipv6, .failure(unknown)) == .doNothing)
        #expect(race.answered(.ipv4, .success([four1])) == .connect(four1))
    }

    @Test mutating func anEmptyAnswerForIPv6EndsTheWait() {
        #expect(race.answered(.ipv4, .success([four1])) == .waitForOtherFamily)
        #expect(race.answered(.ipv6, .success([])) == .connect(four1))
    }

    @Test("RFC 8305 4: the families take turns")
    mutating func familiesTakeTurns() {
        #expect(race.answered(.ipv6, .success([six1, six2])) == .connect(six1))
        _ = race.answered(.ipv4, .success([four1, four2]))
        #expect(race.attemptDelayPassed() == .connect(four1))
        #expect(race.attemptDelayPassed() == .connect(six2))
        #expect(race.attemptDelayPassed() == .connect(four2))
        #expect(race.attemptDelayPassed() == .doNothing)
    }

    @Test(
        "RFC 8305 3, 5: an answer that comes late is tried at once where the last attempt had its time",
        arguments: [
            AddressFamily.ipv6, .ipv4,
        ]
    )
    mutating func aLateAnswerIsTried(late: AddressFamily) {
        let first = late == .ipv6 ? four1 : six1
        let second = late == .ipv6 ? six1 : four1
        _ = race.answered(late.other, .success([first]))
        _ = race.resolutionDelayPassed()
        #expect(race.running == [first])
        #expect(race.attemptDelayPassed() == .doNothing, "nothing to try yet")
        #expect(race.answered(late, .success([second])) == .connect(second))
        #expect(race.attemptDelayPassed() == .doNothing)
        #expect(race.running == [first, second])
    }

    @Test mutating func aFailureBeginsTheNextAtOnce() {
        _ = race.answered(.ipv6, .success([six1]))
        _ = race.answered(.ipv4, .success([four1]))
        #expect(race.failed(six1, "network unreachable") == .connect(four1))
        #expect(race.failed(four1, "connection refused") == .fail)
        #expect(race.failures.map(\.reason) == ["network unreachable", "connection refused"])
        #expect(race.failed(four1, "again") == .doNothing, "the race is over")
    }

    @Test mutating func aFailureWaitsForAnAnswerThatIsStillToCome() {
        _ = race.answered(.ipv6, .success([six1]))
        #expect(race.failed(six1, "connection refused") == .doNothing)
        #expect(race.answered(.ipv4, .success([four1])) == .connect(four1))
    }

    @Test mutating func aFailureThatIsTheLastAfterAllAnswersEndsTheRace() {
        _ = race.answered(.ipv6, .success([six1]))
        _ = race.failed(six1, "connection refused")
        #expect(race.answered(.ipv4, .failure(unknown)) == .fail)
    }

    @Test mutating func whatStillRunsIsWaitedFor() {
        _ = race.answered(.ipv6, .success([six1]))
        _ = race.answered(.ipv4, .success([four1]))
        _ = race.attemptDelayPassed()
        #expect(race.failed(four1, "connection refused") == .doNothing)
        #expect(race.running == [six1])
    }

    @Test mutating func theAddressThatWorkedGoesFirst() {
        race = AddressRace(preferred: four2)
        #expect(race.answered(.ipv4, .success([four1, four2])) == .connect(four2), "and waits for nobody")
        _ = race.answered(.ipv6, .success([six1]))
        #expect(race.failed(four2, "connection refused") == .connect(six1))
        #expect(race.attemptDelayPassed() == .connect(four1))
    }

    @Test mutating func anAddressThatWorkedAndIsGoneFromDNSIsForgotten() {
        race = AddressRace(preferred: four2)
        #expect(race.answered(.ipv4, .success([four1])) == .waitForOtherFamily)
        #expect(race.answered(.ipv6, .success([six1])) == .connect(six1))
    }

    @Test mutating func noAddressAtAllFails() {
        #expect(race.answered(.ipv6, .failure(unknown)) == .doNothing)
        #expect(race.answered(.ipv4, .failure(unanswered)) == .fail)
        let error = ConnectRaceError(host: "h", lookupErrors: race.lookupErrors)
        #expect(error.lookupError == unanswered, "that DNS was silent is the better reason")
    }

    @Test mutating func thousandsOfAddressesAreNotTriedAll() {
        let many = (0..<1000).map { Self.address("2001:db8::\(String($0 + 1, radix: 16))") }
        var action = race.answered(.ipv6, .success(many))
        _ = race.answered(.ipv4, .success([]))
        var tried = 0
        while case .connect(let address) = action {
            tried += 1
            action = race.failed(address, "connection refused")
        }
        #expect(action == .fail)
        #expect(tried == AddressRace.mostOfAFamily)
    }

    /// Whatever happens in whatever order: no address twice, an end, and nothing after it.
    @Test mutating func anyOrderOfEventsEnds() {
        for seed in 0..<500 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let sixes = [six1, six2].prefix(Int.random(in: 0...2, using: &generator))
            let fours = [four1, four2].prefix(Int.random(in: 0...2, using: &generator))
            var race = AddressRace(preferred: Bool.random(using: &generator) ? four2 : nil)
            var tried: [SocketAddress] = []
            var ends = 0
            for step in 0..<60 {
                let action: AddressRace.Action =
                    switch Int.random(in: 0..<(step < 40 ? 4 : 6), using: &generator) {
                    case 0: race.attemptDelayPassed()
                    case 1: race.resolutionDelayPassed()
                    case 2: race.answered(.ipv6, .success(Array(sixes)))
                    case 3: race.answered(.ipv4, .success(Array(fours)))
                    default: race.running.first.map { race.failed($0, "no") } ?? .doNothing
                    }
                if case .connect(let address) = action { tried.append(address) }
                if action == .fail { ends += 1 }
            }
            #expect(tried.count == Set(tried.map { "\($0)" }).count)
            #expect(ends <= 1)
            if race.state == .over { #expect(tried.count == sixes.count + fours.count) }
        }
    }

    @Test func reasonsNameEachAddressOnlyWhereTheyDiffer() {
        func words(_ failures: [(SocketAddress, String)]) -> String {
            let error = ConnectRaceError(host: "h", failures: failures.map { .init(address: $0.0, reason: $0.1) })
            return ConnectionFailure(error, server: "h:443").reason
        }
        #expect(
            words([(six1, "network unreachable"), (four1, "connection refused")])
                == "no connection to h:443: 2001:db8::1: network unreachable; 192.0.2.1: connection refused"
        )
        #expect(words([(six1, "connection refused"), (four1, "connection refused")]) == "connection refused by h:443")
        #expect(words([(four1, "host unreachable")]) == "h:443 is unreachable")
    }
}
