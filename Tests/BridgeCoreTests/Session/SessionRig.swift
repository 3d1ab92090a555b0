import BridgeTestSupport
import NIOCore
import NIOEmbedded
import Testing
import WSClient

@testable import BridgeCore

/// A session as configured, with the connection played by the test: what it does comes as words.
final class SessionRig: SessionHost {
    let loop = EmbeddedEventLoop()
    let session: Session
    let configuration: ConnectionConfiguration
    private var words: [String] = []
    private(set) var learned: [String] = []
    private(set) var isConcealing = false
    private(set) var areCredentialsRefused = false

    /// `server` and `keys` stand below the connection's name.
    init(_ keys: String, server: String = "url: ws://127.0.0.1:1") throws {
        let yaml =
            "connections:\n  cloud:\n"
            + "\(server)\n\(keys)".split(separator: "\n").map { "    \($0)\n" }.joined()
        let gateway = try BridgeCoreTests.configuration(yaml + "routes: {}\n")
        configuration = gateway.connections[0]
        guard let session = try Session(configuration, tally: SessionTally(), eventLoop: loop) else {
            throw NoSession()
        }
        self.session = session
        session.host = self
    }

    struct NoSession: Error {}

    /// What was done since the last look.
    var actions: [String] {
        defer { words = [] }
        return words
    }

    func establish(_ subprotocol: String? = nil) -> [String] {
        session.established(subprotocol: subprotocol)
        return actions
    }

    /// The server sends these, in one read; returns what routes see, then what was done.
    @discardableResult
    func receive(_ texts: String...) -> [String] {
        var batch = MessageBatch.of(texts)
        batch.receivedAt = loop.now
        return session.received(batch).texts.map { "route \($0)" } + actions
    }

    func advance(by time: TimeAmount) -> [String] {
        loop.advanceTime(by: time)
        return actions
    }

    func sessionSends(_ text: String) {
        let wire = session.wrap(WebSocketMessageBatch(text: text))
        words += wire.messages.map { "send \(wire.text(of: $0))" }
    }

    func sessionLearned(_ secrets: [String]) { learned += secrets }

    func sessionConceals(_ isConcealing: Bool) { self.isConcealing = isConcealing }

    func sessionCredentialsWereRefused() { areCredentialsRefused = true }

    func sessionProgressed() {}

    func sessionReady() { words.append("ready") }

    func sessionGivesUp(because reason: String, code: CloseCode, _ failure: SessionFailure) {
        words.append("\(failure.rawValue) \(code.rawValue): \(reason)")
        session.ended()
    }
}
