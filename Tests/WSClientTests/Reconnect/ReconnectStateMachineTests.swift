import NIOCore
import TestSupport
import Testing

@testable import WSClient

struct ReconnectStateMachineTests {
    private var generator = BackoffTests.Highest()
    private var machine = ReconnectStateMachine(
        autoReconnect: true,
        initialDelay: .seconds(1),
        maxDelay: .seconds(60),
        stableAfter: .seconds(30)
    )
    private let lost = ConnectionFailure("lost")

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private mutating func end(_ failure: ConnectionFailure, at seconds: Int64) -> ReconnectStateMachine.EndAction {
        machine.ended(failure, now: at(seconds), using: &generator)
    }

    private mutating func establish(at seconds: Int64) {
        machine.tcpConnected()
        machine.established(now: at(seconds))
    }

    @Test mutating func connectsOnceAndCountsAttempts() {
        #expect(machine.state == .disconnected)
        #expect(machine.connect() == .startAttempt)
        #expect(machine.connect() == .doNothing)
        #expect(machine.state == .connecting)
        #expect(machine.attempts == 1)
        machine.tcpConnected()
        #expect(machine.state == .connected)
        machine.established(now: at(1))
        #expect(machine.state == .established(since: at(1)))
        #expect(machine.attempts == 0)
        #expect(machine.connect() == .doNothing)
    }

    @Test mutating func waitsLongerAfterEachFailure() {
        _ = machine.connect()
        #expect(end(lost, at: 0) == .wait(until: at(1)))
        #expect(machine.timerFired() == .startAttempt)
        #expect(end(lost, at: 10) == .wait(until: at(12)))
        #expect(machine.state == .backoff(until: at(12)))
        #expect(machine.attempts == 2)
        #expect(machine.timerFired() == .startAttempt)
        #expect(end(lost, at: 20) == .wait(until: at(24)))
    }

    @Test mutating func startsAfreshOnlyAfterAStableConnection() {
        _ = machine.connect()
        #expect(end(lost, at: 0) == .wait(until: at(1)))
        _ = machine.timerFired()
        establish(at: 10)
        #expect(end(lost, at: 39) == .wait(until: at(41)), "29 s are not stable: the second delay")
        _ = machine.timerFired()
        establish(at: 50)
        #expect(end(lost, at: 80) == .wait(until: at(81)), "30 s are stable: the first delay again")
    }

    @Test mutating func aCommandDoesNotMakeTheBackoffStartAfresh() {
        _ = machine.connect()
        _ = end(lost, at: 0)
        #expect(machine.connect() == .startAttempt)
        #expect(end(lost, at: 0) == .wait(until: at(2)))
        #expect(machine.disconnect() == .cancelTimer)
        #expect(machine.connect() == .startAttempt)
        #expect(end(lost, at: 0) == .wait(until: at(4)))
    }

    @Test mutating func whatAPersonHasToPutRightGoesIntoTheSlowLane() {
        _ = machine.connect()
        #expect(end(ConnectionFailure("404", remedy: .person), at: 0) == .wait(until: at(75)))
        #expect(machine.state == .fault(until: at(75)))
        #expect(machine.connect() == .startAttempt, "a command tries at once")
    }

    @Test mutating func refusedCredentialsAreAFaultTwiceInARow() {
        let refused = ConnectionFailure("401", remedy: .credentials)
        _ = machine.connect()
        #expect(end(refused, at: 0) == .wait(until: at(1)))
        _ = machine.timerFired()
        #expect(end(lost, at: 10) == .wait(until: at(12)))
        _ = machine.timerFired()
        #expect(end(refused, at: 20) == .wait(until: at(24)), "not in a row")
        _ = machine.timerFired()
        #expect(end(refused, at: 30) == .wait(until: at(105)))
        #expect(machine.state == .fault(until: at(105)))
        #expect(machine.reconnect() == .startAttempt)
        #expect(end(refused, at: 200) == .wait(until: at(216)), "other credentials count anew")
    }

    @Test mutating func theServersWishIsHonoured() {
        _ = machine.connect()
        #expect(end(ConnectionFailure("503", retryAfter: .seconds(5)), at: 0) == .wait(until: at(6)))
        _ = machine.timerFired()
        #expect(end(ConnectionFailure("503", retryAfter: .hours(1)), at: 0) == .wait(until: at(3601)))
        _ = machine.timerFired()
        #expect(
            end(ConnectionFailure("503", retryAfter: .zero), at: 0) == .wait(until: at(4)),
            "no wish to hammer: the backoff goes on"
        )
        _ = machine.timerFired()
        #expect(
            end(ConnectionFailure("410", remedy: .person, retryAfter: .seconds(600)), at: 0) == .wait(until: at(600))
        )
    }

    @Test mutating func withoutAutoReconnectItStays() {
        machine = ReconnectStateMachine(
            autoReconnect: false,
            initialDelay: .seconds(1),
            maxDelay: .seconds(60),
            stableAfter: .seconds(30)
        )
        _ = machine.connect()
        #expect(end(lost, at: 0) == .stay)
        #expect(machine.state == .disconnected)
        #expect(machine.connect() == .startAttempt)
        #expect(end(ConnectionFailure("404", remedy: .person), at: 0) == .stay)
        #expect(machine.state == .fault(until: nil))
        #expect(machine.connect() == .startAttempt)
    }

    @Test mutating func disconnectHoldsInEveryState() {
        #expect(machine.disconnect() == .doNothing)

        _ = machine.connect()
        #expect(machine.disconnect() == .abandonAttempt)
        #expect(machine.state == .disconnected)

        _ = machine.connect()
        machine.tcpConnected()
        #expect(machine.disconnect() == .abandonAttempt)

        _ = machine.connect()
        _ = end(lost, at: 0)
        #expect(machine.disconnect() == .cancelTimer)
        #expect(machine.timerFired() == .doNothing, "a timer that was faster")

        _ = machine.connect()
        establish(at: 0)
        #expect(machine.disconnect() == .close)
        #expect(machine.disconnect() == .doNothing)
        #expect(end(lost, at: 1) == .stay)
        #expect(machine.state == .disconnected)
    }

    @Test mutating func connectWhileClosingConnectsAgain() {
        _ = machine.connect()
        establish(at: 0)
        _ = machine.disconnect()
        #expect(machine.connect() == .doNothing)
        #expect(end(lost, at: 1) == .startAttempt)
        #expect(machine.state == .connecting)
    }

    @Test mutating func otherCredentialsReplaceTheConnection() {
        #expect(machine.reconnect() == .startAttempt)
        #expect(machine.reconnect() == .abandonAttemptAndStart)
        #expect(machine.state == .connecting)
        establish(at: 0)
        #expect(machine.reconnect() == .close)
        #expect(end(lost, at: 1) == .startAttempt)
    }

    @Test mutating func aRedirectGoesOnWithTheSameAttempt() {
        _ = machine.connect()
        machine.tcpConnected()
        machine.redirected()
        #expect(machine.state == .connecting)
        #expect(machine.attempts == 1)
    }

    @Test func randomEventsNeverTrapAndNeverWaitForNothing() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var machine = ReconnectStateMachine(
                autoReconnect: true,
                initialDelay: .seconds(1),
                maxDelay: .seconds(60),
                stableAfter: .seconds(30)
            )
            var now = NIODeadline.uptimeNanoseconds(0)
            for _ in 0..<200 {
                now = now + .seconds(.random(in: 0...40, using: &generator))
                switch (Int.random(in: 0..<8, using: &generator), machine.state) {
                case (0, _): _ = machine.connect()
                case (1, _): _ = machine.disconnect()
                case (2, _): _ = machine.reconnect()
                case (3, _): _ = machine.timerFired()
                case (_, .connecting): machine.tcpConnected()
                case (4, .connected): machine.redirected()
                case (5, .connected), (6, .connected): machine.established(now: now)
                case (7, .connected), (7, .established), (_, .closing):
                    let remedy = [ConnectionFailure.Remedy.waiting, .person, .credentials].randomElement(
                        using: &generator
                    )
                    let action = machine.ended(
                        ConnectionFailure("x", remedy: remedy ?? .waiting),
                        now: now,
                        using: &generator
                    )
                    if case .wait(let until) = action {
                        #expect(until >= now && until <= now + .seconds(75))
                    }
                default: break
                }
            }
        }
    }
}
