import BridgeCore
import BridgeTestSupport

/// A sink that takes what the test lets it take, and settles when the test says so.
final class ScriptedSink: Sink {
    let name: String
    let settlesLater: Bool
    weak var client: (any SinkClient)?
    /// How many messages it still takes.
    var room = 0
    private(set) var taken: [String] = []
    /// What it will drop of the next batch.
    var doomed: [Int] = []
    /// Called in the middle of `take`.
    var whileTaking: (() -> Void)?
    private let journal: Journal

    init(name: String = "scripted", settlesLater: Bool, journal: Journal = Journal()) {
        self.name = name
        self.settlesLater = settlesLater
        self.journal = journal
    }

    func start() { journal.note("sink \(name) starts") }

    func take(_ batch: MessageBatch) -> Intake {
        let count = min(room, batch.count)
        room -= count
        taken += batch.texts.prefix(count)
        whileTaking?()
        var intake = Intake(taken: count, delivered: settlesLater ? 0 : count)
        swap(&intake.doomed, &doomed)
        return intake
    }

    func stop(completion: @escaping () -> Void) {
        journal.note("sink \(name) stops")
        completion()
    }

    /// It can take so many now.
    func opens(for room: Int) {
        self.room = room
        client?.sinkIsReady()
    }
}
