import NIOCore
import WSClient

/// How a protocol wraps what its users mean by a message into WebSocket messages.
///
/// Incoming, a batch only gets other entries over the same bytes; outgoing, texts are written anew.
package enum Envelope: Sendable, Hashable {
    /// A WebSocket message is a message.
    case plain
    /// Each record ends with this byte, and a WebSocket message may hold several (SignalR).
    case records(separator: UInt8)
    /// `42["name",…]`, where a namespace other than `/` stands between (Socket.IO 5 in Engine.IO 4).
    case socketIO(namespace: String, unwrap: SocketIOPacket.Unwrap)

    /// So many records of one message are told apart; what is behind them stays together, so that a message of nothing
    /// but separators takes no more memory than its share.
    static let maximumRecords = 1 << 16

    /// The records of what one read held.
    func split(_ batch: MessageBatch) -> MessageBatch {
        guard case .records(let separator) = self else { return batch }
        var records = MessageBatch(bytes: batch.bytes, entries: [], receivedAt: batch.receivedAt)
        records.entries.reserveCapacity(batch.count)
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries { Self.split(entry, at: separator, bytes, into: &records.entries) }
        }
        return records
    }

    /// What is left behind the last separator is a record only if there is something.
    private static func split(
        _ entry: MessageBatch.Entry,
        at separator: UInt8,
        _ bytes: UnsafeRawBufferPointer,
        into records: inout ContiguousArray<MessageBatch.Entry>
    ) {
        var start = entry.payload.lowerBound
        let end = entry.payload.upperBound
        func append(upTo index: Int) {
            var record = entry
            record.payloadOffset = UInt32(truncatingIfNeeded: start)
            record.payloadLength = UInt32(truncatingIfNeeded: index - start)
            records.append(record)
        }
        let most = records.count + maximumRecords - 1
        for index in entry.payload where bytes[index] == separator {
            guard records.count < most else { break }
            append(upTo: index)
            start = index + 1
        }
        if start < end || entry.payload.isEmpty { append(upTo: end) }
    }

    /// What routes see of a message: its content, where the envelope can be taken off.
    func unwrap(_ entry: MessageBatch.Entry, in bytes: UnsafeRawBufferPointer) -> MessageBatch.Entry {
        guard case .socketIO(let namespace, let unwrap) = self else { return entry }
        return SocketIOPacket(namespace: namespace, unwrap: unwrap).unwrap(entry, in: bytes)
    }

    /// What goes over the wire for these messages, as many as there were.
    func wrap(_ batch: WebSocketMessageBatch) -> WebSocketMessageBatch {
        guard self != .plain else { return batch }
        var wrapped = WebSocketMessageBatch()
        wrapped.messages.reserveCapacity(batch.count)
        batch.withUnsafeBytes { bytes in
            for message in batch.messages {
                let payload = UnsafeRawBufferPointer(rebasing: bytes[message.range])
                wrap(payload, message.kind, into: &wrapped)
            }
        }
        return wrapped
    }

    private func wrap(
        _ payload: UnsafeRawBufferPointer,
        _ kind: WebSocketMessage.Kind,
        into batch: inout WebSocketMessageBatch
    ) {
        let offset = batch.bytes.writerIndex
        switch self {
        case .records(let separator) where kind == .text && payload.last != separator:
            batch.bytes.writeBytes(payload)
            batch.bytes.writeInteger(separator)
        case .socketIO(let namespace, _) where kind == .text && payload.first == UInt8(ascii: "["):
            batch.bytes.writeString(SocketIOPacket.prefix(of: "42", in: namespace))
            batch.bytes.writeBytes(payload)
        case .plain, .records, .socketIO:
            batch.bytes.writeBytes(payload)
        }
        let length = batch.bytes.writerIndex - offset
        batch.messages.append(WebSocketMessage(offset: offset, length: length, kind: kind))
    }
}
