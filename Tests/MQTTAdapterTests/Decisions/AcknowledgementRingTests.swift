import BridgeCore
import TestSupport
import Testing

@testable import MQTTAdapter

@Suite struct AcknowledgementRingTests {
    private func settle(_ ring: inout AcknowledgementRing) -> [AcknowledgementRing.Run] {
        var runs: [AcknowledgementRing.Run] = []
        ring.settle { runs.append($0) }
        return runs
    }

    @Test func onlyAPrefixIsSettledAsRunsOfOneOutcome() {
        var ring = AcknowledgementRing()
        let sequences = (0..<5).map { _ in ring.append() }
        ring.resolve(sequences[1], as: .delivered)
        ring.resolve(sequences[2], as: .dropped(.refused))
        #expect(settle(&ring) == [])
        ring.resolve(sequences[0], as: .delivered)
        #expect(
            settle(&ring) == [
                AcknowledgementRing.Run(count: 2, outcome: .delivered),
                AcknowledgementRing.Run(count: 1, outcome: .dropped(.refused)),
            ]
        )
        #expect(ring.count == 2)
        // A second acknowledgement of what is settled means nothing.
        ring.resolve(sequences[0], as: .dropped(.tooLarge))
        #expect(settle(&ring) == [])
    }

    @Test func anyOrderOfAcknowledgementsSettlesEachMessageOnceInOrder() {
        var random = SeededGenerator(seed: 7)
        var ring = AcknowledgementRing()
        var pending: [UInt32] = []
        var expected: [Outcome] = []
        var outcomes: [UInt32: Outcome] = [:]
        var settled: [Outcome] = []
        var order: [UInt32] = []
        let choices: [Outcome] = [.delivered] + DropReason.allCases.map { .dropped($0) }
        for _ in 0..<20_000 {
            if pending.count < 300, Bool.random(using: &random) {
                let sequence = ring.append()
                pending.append(sequence)
                order.append(sequence)
            } else if let index = pending.indices.randomElement(using: &random) {
                let outcome = choices.randomElement(using: &random) ?? .delivered
                outcomes[pending[index]] = outcome
                ring.resolve(pending.remove(at: index), as: outcome)
            }
            ring.settle { settled += Array(repeating: $0.outcome, count: $0.count) }
        }
        for sequence in pending {
            outcomes[sequence] = .delivered
            ring.resolve(sequence, as: .delivered)
        }
        ring.settle { settled += Array(repeating: $0.outcome, count: $0.count) }
        expected = order.compactMap { outcomes[$0] }
        #expect(settled == expected)
        #expect(ring.count == 0)
    }

    @Test func whatWasPendingIsForgottenWithTheConnection() {
        var ring = AcknowledgementRing()
        let old = ring.append()
        ring.removeAll()
        let new = ring.append()
        ring.resolve(old, as: .delivered)
        #expect(settle(&ring) == [])
        ring.resolve(new, as: .delivered)
        #expect(settle(&ring) == [AcknowledgementRing.Run(count: 1, outcome: .delivered)])
    }
}

@Suite struct PacketIdentifierTableTests {
    private func entry(_ sequence: UInt32) -> PacketIdentifierTable.Entry {
        PacketIdentifierTable.Entry(owner: 3, qos: 1, sequence: sequence)
    }

    @Test func identifiersComeBackInAnyOrderAndOnlyOnce() {
        var table = PacketIdentifierTable()
        for identifier in 5...9 { #expect(table.insert(Int32(identifier), entry(UInt32(identifier))) == true) }
        #expect(table.oldest == 5)
        #expect(table.remove(7) == entry(7))
        #expect(table.remove(7) == nil)
        #expect(table.remove(4) == nil)
        #expect(table.remove(10) == nil)
        #expect(table.remove(5) == entry(5))
        #expect(table.oldest == 6)
        #expect(table.remove(6) == entry(6))
        #expect(table.oldest == 8)
    }

    @Test func gapsAreOtherPeoplesIdentifiers() {
        var table = PacketIdentifierTable()
        #expect(table.insert(1, entry(1)) == true)
        #expect(table.insert(4, entry(4)) == true)
        #expect(table.remove(2) == nil)
        #expect(table.remove(1) == entry(1))
        #expect(table.oldest == 4)
        #expect(table.remove(4) == entry(4))
        #expect(table.oldest == nil)
    }

    @Test func identifiersWrapAround() {
        var table = PacketIdentifierTable()
        for identifier in [65_534, 65_535, 1, 2] {
            #expect(table.insert(Int32(identifier), entry(UInt32(identifier))) == true)
        }
        #expect(table.span == 4)
        for identifier in [1, 65_535, 65_534, 2] {
            #expect(table.remove(Int32(identifier)) == entry(UInt32(identifier)))
        }
        #expect(table.span == 0)
    }

    @Test func anIdentifierInUseIsNoticed() {
        var table = PacketIdentifierTable()
        for identifier in 1...65_535 { #expect(table.insert(Int32(identifier), entry(1)) == true) }
        #expect(table.insert(1, entry(2)) == false)
        #expect(table.remove(1) == entry(1))
        #expect(table.insert(1, entry(2)) == true)
    }

    @Test func randomTrafficLosesNothing() {
        var random = SeededGenerator(seed: 3)
        var table = PacketIdentifierTable()
        var open: [Int: UInt32] = [:]
        var identifier = 65_000
        for sequence in 0..<50_000 {
            identifier = identifier == 65_535 ? 1 : identifier + 1
            if Int.random(in: 0..<10, using: &random) > 0 {
                #expect(table.insert(Int32(identifier), entry(UInt32(sequence))) == true)
                open[identifier] = UInt32(sequence)
            }
            while open.count > 100, let key = open.keys.randomElement(using: &random) {
                #expect(table.remove(Int32(key)) == entry(open.removeValue(forKey: key) ?? 0))
            }
        }
        for (key, sequence) in open { #expect(table.remove(Int32(key)) == entry(sequence)) }
        #expect(table.span == 0)
    }
}

@Suite struct SendWindowTests {
    @Test func theSmallerOfBothLimitsHolds() {
        var window = SendWindow(maxInflight: 100, receiveMaximum: 10, version: .v5)
        #expect(window.room(qos: 0) == .max)
        #expect(window.room(qos: 1) == 10)
        window.published(4, qos: 2)
        window.published(6, qos: 1)
        #expect(window.room(qos: 1) == 0)
        window.acknowledged(qos: 2)
        #expect(window.room(qos: 2) == 1)
    }

    @Test func qos2On311HasABoundOfItsOwn() {
        var window = SendWindow(maxInflight: 100, receiveMaximum: nil, version: .v311)
        #expect(window.room(qos: 2) == 20)
        window.published(20, qos: 2)
        #expect(window.room(qos: 2) == 0)
        #expect(window.room(qos: 1) == 80)
    }

    @Test func aClosedWindowLetsNothingThrough() {
        #expect(SendWindow().room(qos: 1) == 0)
    }
}
