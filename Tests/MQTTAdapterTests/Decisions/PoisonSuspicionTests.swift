import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

@Suite struct PoisonSuspicionTests {
    var poison = PoisonSuspicion()

    static func identity(_ number: Int, owner: UInt16 = 0) -> MessageIdentity {
        MessageIdentity(owner: owner, position: UInt64(number), digest: number)
    }

    static func flight(_ oldest: Int, _ count: Int = 1, life: TimeAmount = .zero, named: Bool = false) -> Flight {
        Flight(parts: [Flight.Part(oldest: identity(oldest), count: count)], life: life, isNamed: named)
    }

    private var accused: PoisonSuspicion.Accused? {
        switch poison.mode {
        case .control(let accused), .trial(let accused): accused
        case .trusting, .isolating: nil
        }
    }

    @Test mutating func threeEndsIsolateWhatWasInFlight() {
        #expect(poison.ended(Self.flight(7, 5)) == .doNothing)
        #expect(poison.ended(Self.flight(7, 9)) == .doNothing)
        #expect(poison.mode == .trusting)
        #expect(poison.ended(Self.flight(7, 4)) == .doNothing)
        #expect(poison.mode == .isolating && poison.suspectCount == 4 && poison.owners == [0])
        for _ in 0..<3 {
            poison.answered(0)
            #expect(poison.mode == .isolating)
        }
        poison.answered(0)
        #expect(poison.mode == .trusting)
    }

    @Test mutating func whatOthersSendMeanwhileDoesNotClearTheSuspects() {
        let flight = Flight(
            parts: [
                Flight.Part(oldest: Self.identity(0, owner: PacketIdentifierTable.status), count: 1),
                Flight.Part(oldest: Self.identity(7), count: 2),
            ],
            isNamed: true
        )
        #expect(poison.ended(flight) == .hurry)
        #expect(poison.owners == [PacketIdentifierTable.status, 0])
        // Status is published again at each connect, more of it than was in flight.
        for _ in 0..<10 { poison.answered(PacketIdentifierTable.status) }
        #expect(poison.mode == .isolating && poison.owners == [0] && poison.suspectCount == 2)
        poison.answered(0)
        poison.answered(1)
        #expect(poison.mode == .isolating)
        poison.hasNone(0)
        #expect(poison.mode == .trusting)
    }

    @Test mutating func progressBeginsTheCountAnew() {
        for number in 0..<50 {
            #expect(poison.ended(Self.flight(number, 5)) == .doNothing)
            #expect(poison.ended(Self.flight(number, 5)) == .doNothing)
        }
        #expect(poison.mode == .trusting)
        // The same place, but another message: its queue let the first one go.
        for digest in 0..<10 {
            let oldest = MessageIdentity(owner: 0, position: 50, digest: 1000 + digest)
            #expect(poison.ended(Flight(parts: [Flight.Part(oldest: oldest, count: 1)])) == .doNothing)
        }
        #expect(poison.mode == .trusting)
    }

    @Test mutating func anEndWithNothingInFlightNeitherCountsNorResets() {
        for _ in 0..<2 { _ = poison.ended(Self.flight(7)) }
        for _ in 0..<5 { #expect(poison.ended(Flight()) == .doNothing) }
        #expect(poison.mode == .trusting)
        _ = poison.ended(Self.flight(7))
        #expect(poison.mode == .isolating)
    }

    @Test mutating func itIsGivenUpOnceItEndedTwoConnectionsAloneAndAnotherMessageWasAnsweredBetween() {
        for _ in 0..<3 { _ = poison.ended(Self.flight(7, 3)) }
        #expect(poison.ended(Self.flight(7, life: .seconds(2))) == .hurry)
        #expect(accused?.identity == Self.identity(7) && accused?.controlTime == .seconds(3))
        poison.controlStood(.enough)
        guard case .trial = poison.mode else {
            Issue.record("\(poison.mode)")
            return
        }
        #expect(poison.ended(Self.flight(7)) == .giveUp)
        #expect(poison.mode == .isolating && poison.suspectCount == 2)
    }

    @Test mutating func aPingIsNotEnoughWhereAnotherMessageWaits() {
        for _ in 0..<4 { _ = poison.ended(Self.flight(7)) }
        #expect(accused?.yieldsToItsOwn == false)
        poison.controlStood(.ping)
        #expect(poison.ended(Self.flight(7)) == .hurry)
        #expect(accused?.yieldsToItsOwn == true)
        poison.controlStood(.enough)
        #expect(poison.ended(Self.flight(7)) == .giveUp)
    }

    @Test mutating func whoIsAnsweredAfterAllIsAcquitted() {
        for _ in 0..<4 { _ = poison.ended(Self.flight(7)) }
        poison.controlStood(.enough)
        poison.answered(0)
        #expect(poison.mode == .trusting)
    }

    @Test mutating func aConnectionWithoutItThatEndsTooProvesNothing() {
        for _ in 0..<3 { _ = poison.ended(Self.flight(7)) }
        for round in 0..<20 {
            #expect(poison.ended(Self.flight(7)) == .hurry)
            #expect(accused?.passedOver == round)
            // Another message was sent in its place.
            #expect(poison.ended(Self.flight(7, 2)) == .doNothing)
            #expect(poison.mode == .isolating)
        }
    }

    @Test mutating func whoIsOnlySilentMayBeLate() {
        let silence = Flight(parts: Self.flight(7).parts, isSilence: true)
        for _ in 0..<10 { #expect(poison.ended(silence) == .doNothing) }
        #expect(poison.mode == .trusting)
        for _ in 0..<3 { _ = poison.ended(Self.flight(7)) }
        for _ in 0..<10 { #expect(poison.ended(silence) == .doNothing) }
        #expect(poison.mode == .isolating)
        _ = poison.ended(Self.flight(7))
        poison.controlStood(.enough)
        // What was shown before the silence no longer counts.
        #expect(poison.ended(silence) == .doNothing)
        #expect(poison.ended(Self.flight(7)) == .hurry)
        #expect(accused?.evidence == PoisonSuspicion.Evidence.none)
    }

    @Test mutating func theBrokersWordsIsolateAtOnce() {
        #expect(poison.ended(Self.flight(7, 5, named: true)) == .hurry)
        #expect(poison.mode == .isolating && poison.suspectCount == 5)
        #expect(poison.ended(Self.flight(7, named: true)) == .hurry)
        #expect(accused?.yieldsToItsOwn == true)
        poison.controlStood(.enough)
        #expect(poison.ended(Self.flight(7, named: true)) == .giveUp)
    }

    @Test mutating func theOneWhoseQueueLetItGoIsForgotten() {
        for _ in 0..<4 { _ = poison.ended(Self.flight(7)) }
        poison.controlStood(.enough)
        poison.accusedIsGone()
        #expect(poison.mode == .trusting)
    }

    // MARK: Against brokers of many kinds

    enum Kind: CaseIterable {
        case poisons, poisonsInWords, endsEveryConnection, refusesEveryMessage, restarts, acknowledgesLate
    }

    @Test(arguments: Kind.allCases, 0..<200)
    func onlyPoisonIsGivenUpAndSoon(kind: Kind, seed: Int) {
        var world = PoisonWorld(kind: kind, seed: UInt64(seed))
        world.run()
        #expect(world.givenUp.isSubset(of: world.poisons), "\(world.transcript)")
        #expect(world.queue.isEmpty, "\(world.transcript)")
        // Only what took the place of an accused that was innocent after all may come before its turn.
        let inTurn = world.delivered.filter { !world.tried.contains($0) }
        #expect(inTurn == inTurn.sorted(), "\(world.transcript)")
        if !world.poisons.isEmpty { #expect(world.delivered == world.delivered.sorted(), "\(world.transcript)") }
        let others = world.poisons.count - 1
        #expect(world.mostSends <= (kind == .poisonsInWords ? 3 + others : 6 + 2 * others), "\(world.transcript)")
    }
}

/// A queue, a connection as `BrokerThread` would make it, and a broker; time passes by connections.
struct PoisonWorld {
    let kind: PoisonSuspicionTests.Kind
    private(set) var queue = Array(0..<12)
    private(set) var poisons: Set<Int> = []
    private(set) var givenUp: Set<Int> = []
    /// In the order of the first arrival.
    private(set) var delivered: [Int] = []
    /// What was sent in the place of an accused.
    private(set) var tried: Set<Int> = []
    private(set) var transcript: [String] = []
    private var sends: [Int: Int] = [:]
    private var poison = PoisonSuspicion()
    private var random: SeededGenerator
    private var connection = 0
    /// From this connection on the broker is well.
    private let healsAt: Int

    init(kind: PoisonSuspicionTests.Kind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed: seed)
        healsAt = Int.random(in: 1...30, using: &random)
        if kind == .poisons || kind == .poisonsInWords {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // Two good ones at least come behind it.
                poisons.insert(Int.random(in: 0..<10, using: &random))
            }
        }
    }

    /// How often a poison was sent, at most.
    var mostSends: Int { poisons.compactMap { sends[$0] }.max() ?? 0 }

    mutating func run() {
        for _ in 0..<400 where !queue.isEmpty { connect() }
    }

    private mutating func connect() {
        connection += 1
        transcript.append("connection \(connection): \(poison.mode), queue \(queue)")
        while !queue.isEmpty {
            switch poison.mode {
            case .trusting:
                let inFlight = Array(queue.prefix(5))
                for number in inFlight where !publish(number) { return end(inFlight.count - answeredOfBatch(inFlight)) }
            case .isolating:
                guard publish(queue[0]) else { return end(1) }
            case .control(let accused):
                let others = queue.dropFirst()
                guard !endsByItself else { return end(0) }
                if !others.isEmpty, accused.yieldsToItsOwn {
                    let other = others[others.startIndex + accused.passedOver % others.count]
                    sends[other, default: 0] += 1
                    tried.insert(other)
                    guard answers(other) else { return end(2) }
                    arrived(other)
                    poison.controlStood(.enough)
                } else {
                    poison.controlStood(others.isEmpty ? .enough : .ping)
                }
                return transcript.append("ended on purpose")
            case .trial:
                guard publish(queue[0]) else { return end(1) }
            }
        }
    }

    private func answeredOfBatch(_ batch: [Int]) -> Int { batch.count { !queue.contains($0) } }

    /// Whether it was answered.
    private mutating func publish(_ number: Int) -> Bool {
        sends[number, default: 0] += 1
        guard answers(number) else { return false }
        arrived(number)
        queue.removeFirst()
        poison.answered(0)
        return true
    }

    private mutating func arrived(_ number: Int) {
        if !delivered.contains(number) { delivered.append(number) }
    }

    private var isWell: Bool { connection >= healsAt }

    /// Whether the connection ends before it stood long enough, whatever is sent.
    private var endsByItself: Bool {
        switch kind {
        case .poisons, .poisonsInWords, .refusesEveryMessage: false
        case .endsEveryConnection, .acknowledgesLate: !isWell
        case .restarts: !isWell && connection % 2 == 1
        }
    }

    private mutating func answers(_ number: Int) -> Bool {
        if poisons.contains(number) { return false }
        switch kind {
        case .poisons, .poisonsInWords: return true
        case .endsEveryConnection, .refusesEveryMessage: return isWell
        case .restarts: return isWell || Int.random(in: 0..<3, using: &random) > 0
        case .acknowledgesLate:
            // It took it, and the connection ended before that was said.
            if !isWell { arrived(number) }
            return isWell
        }
    }

    private mutating func end(_ count: Int) {
        transcript.append("ended with \(count) in flight")
        guard let first = queue.first else { return }
        let parts =
            count == 0 ? [] : [Flight.Part(oldest: PoisonSuspicionTests.identity(first), count: count)]
        let verdict = poison.ended(Flight(parts: parts, life: .zero, isNamed: kind == .poisonsInWords && count > 0))
        guard verdict == .giveUp else { return }
        givenUp.insert(first)
        queue.removeFirst()
    }
}
