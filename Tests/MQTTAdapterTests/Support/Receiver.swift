import BridgeCore
import NIOConcurrencyHelpers

/// Stands in for a source's routes: notes what it receives.
final class Receiver: SourceClient {
    struct Message: Equatable {
        var topic: String
        var payload: [UInt8]
        var kind: MessageKind
        var hops = 1
        var gateways: [String] = []
        var response: ResponseAddress?

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
    private var held: UInt64?
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
            batch.entries.indices.map { index in
                let entry = batch.entries[index]
                let properties = CarriedProperties(UnsafeRawBufferPointer(rebasing: bytes[entry.properties]))
                return Message(
                    topic: String(decoding: bytes[entry.topic], as: UTF8.self),
                    payload: Array(bytes[entry.payload]),
                    kind: entry.kind,
                    hops: entry.flags.hops,
                    gateways: properties?.gateways ?? [],
                    response: batch.response(at: index)
                )
            }
        }
        let acceptedBefore = log.count
        log.state.withLockedValue { $0.messages += messages }
        store(acceptedBefore)
    }

    /// A store that takes its time says so, unless it is told to hold everything back.
    func received(_ batch: MessageBatch, run: UInt64) -> Bool {
        received(batch)
        held = run
        return !log.state.withLockedValue { $0.isHolding }
    }

    /// What was held back is safe now.
    func release() {
        log.state.withLockedValue { $0.isHolding = false }
        if let held { (source as? any AcknowledgingSource)?.accepted(through: held) }
    }

    func rejected(_ count: Int, because reason: RejectReason) {
        log.state.withLockedValue { $0.rejected[reason, default: 0] += count }
    }
}
