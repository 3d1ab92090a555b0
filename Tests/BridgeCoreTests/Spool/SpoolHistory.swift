import BridgeTestSupport
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import BridgeCore

/// One random life of a queue, its spool and its sink, with crashes, checked against what an onlooker knows.
///
/// The onlooker knows what went in, what came out of the sink, and what the queue had said is safe.
final class SpoolHistory {
    let seed: UInt64
    private var random: SeededGenerator
    private let loop = EmbeddedEventLoop()
    private let disk = FakeDisk()
    private var diskWork: [@Sendable () -> Void] = []
    private let level: SpooledStore.Level
    private let policy: QueuePolicy
    private let keys: Int
    private let maxDisk: Int
    private let window: Int

    private var queue: RouteQueue
    private var store: (any SpoolingStore)?
    private var spool: Spool?
    private var sink = HistorySink(keys: 1)
    private var next = 0
    private var life = 0
    /// What may be gone: it was not safe when the power failed.
    private var forgivable: Set<Int> = []
    private var marks: [(id: Int, mark: Int64)] = []
    private var safe: Set<Int> = []
    private var delivered: Set<Int> = []
    private var losses = 0
    /// Those of them that no newer message of their key replaced.
    private var realLosses = 0
    /// Messages that were given up because the disk lost them: of these nobody knows whose they were.
    private var nameless = 0
    private let requesters = Requesters()
    /// Whether the disk refused anything since the last start.
    private var hasRefused = false
    /// Whether it lost all that it held since then.
    private var isDamaged = false
    /// What is in flight at an orderly end is written, however much it is.
    private var isStopping = false
    private var hasTold = false
    private var steps: [String] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        level = random.next() % 2 == 0 ? .always : .spill
        let whenFull: QueuePolicy.WhenFull
        switch random.next() % 8 {
        case 0: whenFull = .dropOldest
        case 1: whenFull = .dropNewest
        case 2, 3: whenFull = .conflate
        default: whenFull = .block
        }
        let maxBytes = Int.random(in: 200...3000, using: &random)
        let ttl: Int64? = random.next() % 4 == 0 ? 5_000 : nil
        policy = QueuePolicy(whenFull: whenFull, maxBytes: maxBytes, ttl: ttl)
        maxDisk = Int.random(in: 500...20_000, using: &random)
        keys = Int.random(in: 1...6, using: &random)
        window = Int.random(in: 1...12, using: &random)
        let syncs = random.next() % 2 == 0
        disk.syncs = level == .always || syncs
        let loop = loop
        disk.now = { loop.now }
        queue = RouteQueue(route: "", sink: sink, policy: policy, store: MemoryStore(), log: .quiet)
        try start()
    }

    private func start() throws {
        diskWork = []
        life += 1
        let life = life
        sink = HistorySink(keys: policy.whenFull == .conflate ? keys : 1)
        let spool = try Spool(FakeEngine(disk), eventLoop: loop, log: .quiet) { [unowned self] in
            // What a former life still wanted is gone with it.
            if life == self.life { diskWork.append($0) }
        }
        let place = try spool.place(for: "r -> s")
        let store: any SpoolingStore =
            policy.whenFull == .conflate
            ? ConflatingStore(
                by: try ConflationKey("$.k"),
                level: level,
                maxDisk: maxDisk,
                window: window,
                contents: place
            )
            : SpooledStore(
                level: level,
                maxBytes: policy.maxBytes,
                maxDisk: maxDisk,
                window: window,
                contents: place
            )
        let loop = loop
        queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: policy,
            store: store,
            spool: spool,
            place: place.number,
            log: .quiet,
            now: { loop.now }
        )
        queue.answerRequests(by: requesters.responder)
        marks = []
        hasRefused = disk.fails != nil || disk.failsReading
        isDamaged = false
        self.store = store
        self.spool = spool
    }

    // MARK: The history

    func run(steps count: Int) throws {
        for _ in 0..<count { try step() }
        heal()
        try verify()
    }

    private func step() throws {
        switch random.next() % 20 {
        case 0..<6: append(Int.random(in: 1...8, using: &random))
        case 6..<9: note("sink opens") { sink.open(Int.random(in: 1...6, using: &random)) }
        case 9..<12: note("sink settles") { sink.settle(Int.random(in: 1...6, using: &random), as: .delivered) }
        case 12: note("sink refuses") { sink.settle(1, as: .dropped(.refused)) }
        case 13: note("sink lost") { sink.lose() }
        case 14..<17: diskStep()
        case 17: note("time") { loop.advanceTime(by: .milliseconds(Int64.random(in: 1...2_000, using: &random))) }
        case 18:
            let errors: [SpoolError?] = [nil, nil, .failed("EIO"), .full("ENOSPC")]
            disk.fails = errors[Int.random(in: 0..<errors.count, using: &random)]
            disk.failsAfterWriting = random.next() % 2 == 0
            disk.failsReading = random.next() % 4 == 0
            hasRefused = hasRefused || disk.fails != nil || disk.failsReading
            steps.append("disk \(disk.fails.map { "\($0), written \(disk.failsAfterWriting)" } ?? "works")")
        default:
            switch random.next() % 9 {
            case 0..<3: try crash()
            case 3: try stop()
            case 4: damage()
            default: break
            }
        }
        queue.tick()
        observe()
        expectFewRepeats()
        #expect(queue.currentBalance.isBalanced, "\(self)")
    }

    private func note(_ what: String, _ body: () -> Void) {
        steps.append(what)
        body()
    }

    private func append(_ count: Int) {
        // Who reads on while the queue blocks breaks the rules.
        guard !queue.isBlocking else { return }
        let first = next
        next += count
        steps.append("append \(first)..<\(next)")
        let texts = (first..<next).map { "{\"id\":\($0),\"k\":\($0 % keys)}" }
        var batch = MessageBatch.of(texts, properties: (first..<next).map(Requesters.properties))
        for id in first..<next where Requesters.address(of: id) != nil {
            batch.entries[id - first].flags.insert(.isRequest)
        }
        batch.receivedAt = loop.now
        queue.accept(batch)
        if queue.isAlways { for id in first..<next { marks.append((id, queue.lastMark)) } }
    }

    private func diskStep() {
        steps.append("disk step")
        let work = diskWork
        diskWork = []
        for body in work { body() }
        expectFewRepeats()
        loop.run()
    }

    private func crash() throws {
        steps.append("crash")
        observe()
        // What the disk did is done, even if nobody heard of it.
        countLosses()
        disk.crash(tearing: random.next() % 2 == 0)
        // What was safe may have been on its way into a new file.
        for id in 0..<next where isDamaged || !safe.contains(id) { forgivable.insert(id) }
        mendDisk()
        try start()
    }

    /// An orderly end: what is missing afterwards is counted, whatever the level.
    private func stop() throws {
        steps.append("stop")
        var isIdle = false
        isStopping = true
        defer { isStopping = false }
        queue.park()
        spool?.whenIdle { isIdle = true }
        for _ in 0..<20 where !isIdle {
            diskStep()
            loop.advanceTime(by: Spool.linger)
        }
        #expect(isIdle, "the spool does not come to rest\n\(self)")
        _ = queue.finishParking()
        #expect(queue.currentBalance.isBalanced, "\(self)")
        observe()
        countLosses()
        disk.sync()
        if disk.isCorrupt { forgivable.formUnion(0..<next) }
        mendDisk()
        try start()
    }

    /// What the file holds is lost; sometimes it can't even be put aside for a while.
    private func damage() {
        disk.isCorrupt = true
        disk.keepsItsPlace = random.next() % 3 == 0
        isDamaged = true
        hasRefused = hasRefused || disk.keepsItsPlace
        steps.append("disk damaged, stays \(disk.keepsItsPlace)")
    }

    private func mendDisk() {
        disk.fails = nil
        disk.failsReading = false
        disk.isCorrupt = false
        disk.keepsItsPlace = false
    }

    private func countLosses() {
        let balance = queue.currentBalance
        losses += balance.expired + balance.droppedTotal
        realLosses += balance.expired + balance.droppedTotal - (balance.dropped[.conflated] ?? 0)
        nameless += balance.dropped[.spoolFailed] ?? 0
    }

    /// What the sink got, and what is safe now.
    private func observe() {
        delivered.formUnion(sink.delivered)
        marks.removeAll { id, mark in
            guard let store, store.securedTicket >= mark else { return false }
            safe.insert(id)
            return true
        }
    }

    /// The disk and the sink work, until nothing is left.
    private func heal() {
        steps.append("heal")
        disk.fails = nil
        disk.failsReading = false
        disk.keepsItsPlace = false
        var rounds = 0
        while rounds < 2_000, !queue.isEmpty || !diskWork.isEmpty {
            rounds += 1
            loop.advanceTime(by: .milliseconds(50))
            diskStep()
            sink.open(20)
            sink.settle(20, as: .delivered)
        }
        observe()
        countLosses()
    }

    // MARK: What must hold

    /// Killed now, the next run would send no more than the window's messages a second time.
    private func expectFewRepeats() {
        guard !hasRefused, !isStopping else { return }
        let taken = Set(sink.taken)
        let again = disk.left.filter { taken.contains(HistorySink.id(of: $0)) }
        guard again.count > window, !hasTold else { return }
        hasTold = true
        Issue.record("\(again.count) of \(window) would come twice\n\(self)")
    }

    private func verify() throws {
        let all = "\(self)"
        #expect(queue.isEmpty, "something is never offered: \(queue.currentBalance)\n\(all)")
        #expect(sink.isWhole, "payload and properties parted\n\(all)")
        #expect(sink.isInOrder, "out of order: \(sink.taken)\n\(all)")
        #expect(sink.taken.allSatisfy { 0..<next ~= $0 }, "invented\n\(all)")
        let missing = Set(0..<next).subtracting(delivered).subtracting(forgivable)
        #expect(missing.count <= losses, "\(missing.count) missing, \(losses) counted: \(missing.sorted())\n\(all)")
        if policy.whenFull == .block, policy.ttl == nil, losses == 0 {
            #expect(missing.isEmpty, "lost: \(missing.sorted())\n\(all)")
        }
        if policy.whenFull == .conflate {
            let newest = Set((0..<keys).compactMap { key in (0..<next).last { $0 % keys == key } })
            let stale = newest.intersection(missing)
            #expect(stale.count <= realLosses, "the newest of their keys never came: \(stale)\n\(all)")
        }
        verifyAnswers(all)
    }

    /// Who asked was told of the end, once that it waits, and of nothing that wasn't so.
    private func verifyAnswers(_ all: String) {
        let asking = (0..<next).filter { Requesters.address(of: $0) != nil }
        let answers = requesters.answers
        for id in asking {
            let told = answers[id] ?? []
            #expect(told.count { $0 == "queued" } <= 1, "\(id) was told \(told)\n\(all)")
            #expect(delivered.contains(id) == told.contains("sent"), "\(id) was told \(told)\n\(all)")
        }
        #expect(Set(answers.keys).isSubset(of: asking), "answers to nobody\n\(all)")
        let unanswered = asking.filter { id in
            !forgivable.contains(id) && !(answers[id] ?? []).contains { $0 != "queued" }
        }
        #expect(unanswered.count <= nameless, "never told: \(unanswered)\n\(all)")
    }
}

extension SpoolHistory: CustomStringConvertible {
    var description: String {
        "seed \(seed): \(level), \(policy), \(maxDisk) on disk\n  " + steps.suffix(80).joined(separator: "; ")
    }
}

/// Takes and settles what the history lets it.
final class HistorySink: Sink {
    let name = "s"
    let settlesLater = true
    weak var client: (any SinkClient)?
    private var room = 0
    private var inFlight: [Int] = []
    private(set) var taken: [Int] = []
    private(set) var delivered: Set<Int> = []
    private(set) var isInOrder = true
    /// Whether each message had the properties it came with.
    private(set) var isWhole = true
    /// Of each key; after a loss the same ones come again.
    private var last: [Int: Int] = [:]
    /// In how many orders messages come: one a key, where newer ones take the place of older ones.
    private let keys: Int

    init(keys: Int) { self.keys = keys }

    func start() {}
    func stop(completion: @escaping () -> Void) { completion() }

    func open(_ room: Int) {
        self.room = room
        client?.sinkIsReady()
    }

    func take(_ batch: MessageBatch) -> Intake {
        let texts = batch.texts.prefix(room)
        for (text, properties) in zip(texts, batch.properties) {
            let id = Self.id(of: text)
            if properties != Requesters.properties(of: id) { isWhole = false }
            if id <= last[id % keys, default: -1] { isInOrder = false }
            last[id % keys] = id
            inFlight.append(id)
            taken.append(id)
        }
        room -= texts.count
        return Intake(taken: texts.count)
    }

    static func id(of text: some StringProtocol) -> Int { Int(text.dropFirst(6).prefix { $0.isNumber }) ?? -1 }

    func settle(_ count: Int, as outcome: Outcome) {
        let settled = inFlight.prefix(count)
        guard !settled.isEmpty else { return }
        if outcome == .delivered { delivered.formUnion(settled) }
        inFlight.removeFirst(settled.count)
        client?.settle(settled.count, as: outcome)
    }

    func lose() {
        for id in inFlight.reversed() { last[id % keys] = id - 1 }
        inFlight = []
        room = 0
        client?.sinkLostWhatWasInFlight()
    }
}

/// Who sends the history's messages, some with a trail, some wanting an answer.
final class Requesters {
    let responder: Responder
    private let broker = ScriptedBroker(name: "b")

    init() {
        broker.becomes(.connected)
        responder = Responder(broker: broker, topics: ResponseTopics(["to/#"], base: nil), log: .quiet)
        responder.brokerChanged(to: .connected)
    }

    /// By id; a history has fewer messages.
    private static let all = (0..<1024).map { id in
        let address = ResponseAddress(topic: "to/\(id)", correlation: Array("\(id * 7)".utf8), qos: id % 2)
        let response = id % 3 == 0 ? address : nil
        let gateways = id % 5 == 0 ? ["one", "\(id % 4)"] : []
        return (response: response, properties: CarriedProperties.encode(gateways: gateways, response: response))
    }

    static func address(of id: Int) -> ResponseAddress? { all.indices.contains(id) ? all[id].response : nil }

    static func properties(of id: Int) -> [UInt8] { all.indices.contains(id) ? all[id].properties : [] }

    /// What each of them heard.
    var answers: [Int: [String]] {
        var answers: [Int: [String]] = [:]
        for message in broker.published {
            guard let id = Int(message.topic.dropFirst(3)),
                message.answer?.correlation == Self.address(of: id)?.correlation
            else {
                answers[-1, default: []].append(message.line)
                continue
            }
            answers[id, default: []].append(message.text)
        }
        return answers
    }
}

extension Logger {
    /// Says nothing.
    static var quiet: Logger { Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() } }
}
