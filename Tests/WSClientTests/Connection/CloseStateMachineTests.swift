import Testing

@testable import WSClient

struct CloseStateMachineTests {
    private var machine = CloseStateMachine()

    @Test("RFC 6455 5.5.1: we close, the peer answers") mutating func weCloseFirst() {
        #expect(machine.close(.normalClosure, because: "asked for") == .sendClose(CloseFrame(code: .normalClosure)))
        #expect(!machine.isOpen)
        #expect(machine.close(.goingAway, because: "again") == .doNothing)
        #expect(machine.received(CloseFrame(code: .goingAway)) == .awaitEnd)
        machine.tcpEnded()
        #expect(machine.code == .goingAway, "the code received goes before the one sent")
        #expect(machine.reason == "asked for")
    }

    @Test mutating func withoutAnAnswerTheCodeSentStays() {
        _ = machine.close(.goingAway, because: "shut down")
        machine.tcpEnded()
        #expect(machine.code == .goingAway)
        #expect(machine.reason == "shut down")
    }

    @Test("RFC 6455 5.5.1: the peer closes, we answer with its code") mutating func thePeerClosesFirst() {
        #expect(
            machine.received(CloseFrame(code: .serviceRestart, reason: "back soon"))
                == .answer(CloseFrame(code: .serviceRestart))
        )
        #expect(machine.close(.normalClosure, because: "late") == .doNothing)
        #expect(machine.received(CloseFrame(code: .normalClosure)) == .doNothing)
        machine.tcpEnded()
        #expect(machine.code == .serviceRestart)
        #expect(
            machine.reason
                == "server closed the connection: 1012 (service restart), \"back soon\"; it asks to come back later"
        )
    }

    @Test("RFC 6455 7.1.5: a close frame without a code counts as 1005") mutating func noCode() {
        #expect(machine.received(CloseFrame(code: nil)) == .answer(CloseFrame(code: nil)))
        #expect(machine.code == .noStatusReceived)
        #expect(machine.reason == "server closed the connection without giving a code")
    }

    @Test mutating func tcpAloneIs1006() {
        machine.tcpEnded()
        #expect(machine.code == .abnormalClosure)
        #expect(machine.reason == "server ended the connection without a close frame")
    }

    @Test mutating func aBrokenRuleSaysWhichAndClosesWithItsCode() {
        #expect(
            machine.violated(.maskedServerFrame)
                == .sendClose(CloseFrame(code: .protocolError, reason: "the server sent a masked frame"))
        )
        #expect(machine.violated(.reservedBits(4)) == .doNothing)
        machine.tcpEnded()
        #expect(machine.code == .protocolError)
        #expect(machine.reason == "server broke the WebSocket protocol: the server sent a masked frame")
    }

    @Test mutating func aBrokenRuleAfterOurCloseSendsNothingMore() {
        _ = machine.close(.normalClosure, because: "asked for")
        #expect(machine.violated(.invalidText) == .doNothing)
        #expect(machine.code == .normalClosure)
        #expect(machine.reason == "asked for")
    }

    @Test mutating func givenUpIs1006() {
        machine.givenUp(because: "no pong")
        #expect(!machine.isOpen)
        machine.tcpEnded()
        #expect(machine.code == .abnormalClosure)
        #expect(machine.reason == "no pong")
    }

    @Test("S10: a hostile close reason is made printable") mutating func escapesTheReason() {
        _ = machine.received(CloseFrame(code: .policyViolation, reason: "a\nb\u{1B}[2J\u{202E}"))
        #expect(
            machine.reason?.hasPrefix(
                "server closed the connection: 1008 (policy violation), \"a\\nb\\u{1b}[2J\\u{202e}\""
            ) == true
        )
    }
}
