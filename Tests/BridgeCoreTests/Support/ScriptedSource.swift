import BridgeCore

/// A source that the test reads from.
final class ScriptedSource: Source {
    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    let name: String
    weak var client: (any SourceClient)?
    private let journal: Journal
    /// What `start` throws.
    var fault: String?
    /// Arrives in the middle of the next `resume`.
    var waiting: [MessageBatch] = []

    init(name: String = "scripted", journal: Journal = Journal()) {
        self.name = name
        self.journal = journal
    }

    func start() throws {
        if let fault { throw Broken(description: fault) }
        journal.note("source \(name) starts")
    }

    func pause() { journal.note("source \(name) pauses") }

    func resume() {
        journal.note("source \(name) resumes")
        if !waiting.isEmpty { client?.received(waiting.removeFirst()) }
    }

    /// Whether its stop waits until the test calls `stopCompletion`.
    var holdsStop = false
    private(set) var stopCompletion: (() -> Void)?

    func stop(completion: @escaping () -> Void) {
        journal.note("source \(name) stops")
        if holdsStop { stopCompletion = completion } else { completion() }
    }
}
