import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

@Suite struct PartSuspicionTests {
    var parts = PartSuspicion(carried: [.retain, .will, .commands, .topics], saysWhatItRetains: false)

    @Test mutating func threeEndsAtTheWillLeadToTheRetainThenToTheWill() {
        #expect(parts.ended(at: .connecting, life: .zero) == .doNothing)
        #expect(parts.ended(at: .connecting, life: .zero) == .doNothing)
        #expect(parts.ended(at: .connecting, life: .zero) == .hurry)
        #expect(!parts.has(.retain) && parts.has(.will))
        #expect(parts.ended(at: .connecting, life: .zero) == .hurry)
        #expect(parts.has(.retain) && !parts.has(.will))
        #expect(parts.controlStood() == true)
        #expect(parts.has(.will))
        #expect(parts.ended(at: .connecting, life: .zero) == .giveUp(.will))
        #expect(!parts.has(.will) && parts.has(.topics) && parts.controlTime == nil)
    }

    @Test mutating func whatComesBackIsKept() {
        for _ in 0..<3 { _ = parts.ended(at: .subscribing(.commands), life: .seconds(4)) }
        #expect(!parts.has(.commands))
        // As long as the others lived, and half of it more.
        #expect(parts.controlTime == .seconds(6))
        #expect(parts.controlStood() == true)
        #expect(parts.controlStood() == false)
        #expect(parts.has(.commands) && parts.controlTime == nil)
    }

    @Test mutating func aBrokerThatEndsEveryConnectionLosesNothing() {
        for _ in 0..<100 {
            _ = parts.ended(at: .beginningStatus, life: .seconds(1))
            #expect(parts.givenUp.isEmpty)
        }
    }

    @Test mutating func endsBeforeCONNACKSayNothingOfWhatComesAfterIt() {
        for _ in 0..<2 { #expect(parts.ended(at: .beginningStatus, life: .zero) == .doNothing) }
        #expect(parts.ended(at: .connecting, life: .zero) == .doNothing)
        #expect(parts.ended(at: .beginningStatus, life: .zero) == .hurry)
    }

    @Test mutating func anEndElsewhereOrAnAnswerBeginsTheCountAnew() {
        for _ in 0..<10 {
            for _ in 0..<2 { #expect(parts.ended(at: .beginningStatus, life: .zero) == .doNothing) }
            #expect(parts.ended(at: .other, life: .zero) == .doNothing)
            for _ in 0..<2 { #expect(parts.ended(at: .beginningStatus, life: .zero) == .doNothing) }
            parts.passed(.beginningStatus)
        }
    }

    @Test func whatIsNotCarriedIsNotSuspected() {
        var parts = PartSuspicion(carried: [], saysWhatItRetains: true)
        for stage in [ConnectionStage.connecting, .subscribing(.commands), .beginningStatus, .retaining, .other] {
            for _ in 0..<10 { #expect(parts.ended(at: stage, life: .zero) == .doNothing) }
        }
    }

    @Test(arguments: 0..<200)
    func onlyWhatTheBrokerEndsConnectionsOverIsGivenUp(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let hated = [StatusPart.will, .commands, .topics, .subscription(3)].randomElement(using: &random)
        var parts = PartSuspicion(
            carried: [.retain, .will, .commands, .topics, .subscription(3)],
            saysWhatItRetains: Bool.random(using: &random)
        )
        for _ in 0..<60 {
            // Now and then it restarts, before or after it ends the connection by itself, or while an experiment runs.
            let restarts = Int.random(in: 0..<4, using: &random) == 0
            let stages: [(StatusPart, ConnectionStage)] = [
                (.will, .connecting), (.commands, .subscribing(.commands)),
                (.subscription(3), .subscribing(.subscription(3))), (.topics, .beginningStatus),
            ]
            let natural = stages.first { $0.0 == hated && parts.has($0.0) }?.1
            if let natural {
                _ = parts.ended(at: natural, life: .milliseconds(10))
            } else {
                for stage in [ConnectionStage.connecting, .beginningStatus] { parts.passed(stage) }
                parts.passedSubscribing()
                if restarts { _ = parts.ended(at: .other, life: .seconds(10)) } else { _ = parts.controlStood() }
            }
        }
        #expect(parts.givenUp == (hated.map { [$0] } ?? []))
    }
}
