import BridgeCore
import NIOConcurrencyHelpers

/// Stands in for a source's routes: notes what it receives.
final class Receiver: SourceClient {
    struct Message: Equatable {
        var topic: String
        var payload: [UInt8]
        var kind: MessageKind

        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    /// Readable from any thread.
    final class Log: Sendable {
        let state = NIOLockedValueBox((messages: [Message](), rejected: [RejectReason: Int](), isHolding: false))

        var messages: [Message] { state.withLockedValue { $0.messages } }
        var texts: [String] { messages.map(\.text) }
        var count: Int { state.withLockedValue { $0.messages.count } }
        var rejected: [RejectReason: Int] { state.withLockedValue { $0.rejected } }
    }

    let log: Log
    let source: any Source
    /// Called before a batch counts as received, with how many messages did before: what a store would do.
    let store: @Sendable (_ acceptedBefore: Int) -> Void

    init(_ source: any Source, log: Log, store: @escaping @Sendable (Int) -> Void) {
        self.source = source
        self.log = log
        self.store = store
        source.client = self
    }

    func received(_ batch: MessageBatch) {
        let messages = batch.withUnsafeBytes { bytes in
            batch.entries.map { entry in
                Message(
                    topic: String(decoding: bytes[entry.topic], as: UTF8.self),
                    payload: Array(bytes[entry.payload]),
                    kind: entry.kind
                )
            }
        }
        let acceptedBefore = log.count
        log.state.withLockedValue { $0.messages += messages }
        store(acceptedBefore)
    }

    func rejected(_ count: Int, because reason: RejectReason) {
        log.state.withLockedValue { $0.rejected[reason, default: 0] += count }
    }
}
