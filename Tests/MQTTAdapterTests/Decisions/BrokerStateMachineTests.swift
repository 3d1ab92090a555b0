import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

@Suite struct BrokerStateMachineTests {
    var machine = BrokerStateMachine(handshakeTimeout: .seconds(10))
    var random = SeededGenerator(seed: 1)
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test mutating func connectsSubscribesAndStands() {
        #expect(machine.start() == true)
        #expect(machine.start() == false)
        machine.connectReturned(now: at(1))
        #expect(machine.deadline == at(11))
        #expect(machine.receivedConnack(ReasonCode(0), now: at(2)) == .subscribe)
        #expect(machine.isConnected == false)
        #expect(machine.subscribed(now: at(3)) == true)
        #expect(machine.isConnected)
        #expect(machine.deadline == nil)
        #expect(machine.subscribed(now: at(4)) == false)
        #expect(machine.receivedConnack(ReasonCode(0), now: at(4)) == .doNothing)
    }

    @Test mutating func silenceInTheHandshakeFailsAfterItsTime() {
        _ = machine.start()
        machine.connectReturned(now: at(0))
        #expect(machine.deadlinePassed(now: at(9)) == .doNothing)
        guard case .fail = machine.deadlinePassed(now: at(10)) else {
            Issue.record("no failure")
            return
        }
    }

    @Test mutating func aRefusalThatNeedsAPersonIsTriedAgainSlowly() throws {
        _ = machine.start()
        machine.connectReturned(now: at(0))
        guard case .fail(let failure) = machine.receivedConnack(ReasonCode(0x86), now: at(0)) else {
            Issue.record("not refused")
            return
        }
        #expect(failure.lane == .slow)
        #expect(failure.reason.contains("bad user name or password"))
        guard case .waitUntil(let next) = machine.failed(failure, now: at(0), using: &random) else {
            Issue.record("no wait")
            return
        }
        #expect((at(30)...at(60)).contains(next))
        #expect(machine.deadlinePassed(now: next - .milliseconds(1)) == .doNothing)
        #expect(machine.deadlinePassed(now: next) == .connect)
        #expect(machine.state == .connecting)
    }

    @Test mutating func aFailureIsReportedOnce() {
        _ = machine.start()
        let failure = ConnectionFailure("away")
        guard case .waitUntil = machine.failed(failure, now: at(0), using: &random) else {
            Issue.record("no wait")
            return
        }
        // The library may say it twice.
        #expect(machine.failed(failure, now: at(0), using: &random) == .doNothing)
    }

    @Test mutating func stoppingSaysFarewellOnlyWhenConnected() {
        #expect(machine.stop(deadline: at(5)) == .finish)
        #expect(machine.state == .stopped)

        machine = BrokerStateMachine(handshakeTimeout: .seconds(10))
        connect()
        #expect(machine.stop(deadline: at(5)) == .sayFarewell)
        #expect(machine.stop(deadline: at(5)) == .doNothing)
        #expect(machine.isConnected == false)
        #expect(machine.deadlinePassed(now: at(5)) == .endFarewell)
        #expect(machine.failed(ConnectionFailure("lost"), now: at(5), using: &random) == .finish)
        #expect(machine.state == .stopped)
    }

    @Test mutating func backoffGrowsAndStartsAfreshOnlyAfterAStableConnection() {
        var longest: [TimeAmount] = []
        for _ in 0..<40 {
            connect()
            // Lost at once: that is no success.
            guard case .waitUntil(let next) = machine.failed(ConnectionFailure("lost"), now: at(0), using: &random)
            else {
                continue
            }
            longest.append(next - at(0))
            #expect(machine.deadlinePassed(now: next) == .connect)
        }
        #expect(longest.prefix(1).allSatisfy { $0 <= .seconds(1) })
        #expect(longest.allSatisfy { $0 >= .milliseconds(100) && $0 <= .seconds(15) })
        #expect(longest.max() ?? .zero > .seconds(8))

        connect()
        guard case .waitUntil(let next) = machine.failed(ConnectionFailure("lost"), now: at(31), using: &random) else {
            Issue.record("no wait")
            return
        }
        #expect(next - at(31) <= .seconds(1))
    }

    @Test mutating func randomEventsNeverTrap() {
        for _ in 0..<20_000 {
            let now = at(Int64.random(in: 0...100, using: &random))
            switch Int.random(in: 0...7, using: &random) {
            case 0: _ = machine.start()
            case 1: if machine.state == .connecting { machine.connectReturned(now: now) }
            case 2:
                let code = UInt8.random(in: 0...255, using: &random)
                _ = machine.receivedConnack(ReasonCode(code), now: now)
            case 3: _ = machine.subscribed(now: now)
            case 4: _ = machine.failed(ConnectionFailure("x"), now: now, using: &random)
            case 5: _ = machine.deadlinePassed(now: now)
            case 6: if Int.random(in: 0...50, using: &random) == 0 { _ = machine.stop(deadline: now) }
            default: if machine.state == .stopped { machine = BrokerStateMachine(handshakeTimeout: .seconds(10)) }
            }
        }
    }

    private mutating func connect() {
        if machine.state != .connecting { _ = machine.start() }
        machine.connectReturned(now: at(0))
        _ = machine.receivedConnack(ReasonCode(0), now: at(0))
        _ = machine.subscribed(now: at(0))
    }
}
