package import NIOCore
import TLS
package import WSClient

/// The last message one way over a connection, and when it may be published: at once, but at most once a second.
package struct LastMessage: Sendable {
    package static let previewBytes = 1024

    private var preview: [UInt8] = []
    private var kind = MessageKind.text
    private var bytes = 0
    private var at = Timestamp(milliseconds: 0)
    private var exists = false
    private var pace = Pace()

    package init() {}

    /// A message went or came.
    package mutating func noted(_ payload: UnsafeRawBufferPointer, kind: MessageKind, now: NIODeadline) -> Pace.Action {
        preview.removeAll(keepingCapacity: true)
        preview.append(contentsOf: payload.prefix(Self.previewBytes))
        self.kind = kind
        bytes = payload.count
        at = .now()
        exists = true
        return pace.changed(now: now)
    }

    /// Whether a message waits to be published.
    package var isWaiting: Bool { pace.isScheduled }

    /// The timer that was asked for fired, or there is no time to wait for it: publish.
    package mutating func timerFired(now: NIODeadline) {
        pace.timerFired(now: now)
    }

    /// The payload of the topic, secrets hidden; `nil` before the first message.
    package func payload(hiding secrets: Redactor) -> LastMessagePayload? {
        guard exists else { return nil }
        let shown = secrets.redact(preview)
        guard kind == .text else {
            return LastMessagePayload(
                message: Base64.encode(shown),
                kind: "binary",
                bytes: bytes,
                at: at.description,
                encoding: "base64"
            )
        }
        return LastMessagePayload(
            message: String(decoding: shown.droppingCutCharacter(), as: UTF8.self),
            kind: "text",
            bytes: bytes,
            at: at.description,
            encoding: nil
        )
    }
}

extension [UInt8] {
    /// Without the first bytes of a UTF-8 character that was cut off at the end.
    fileprivate func droppingCutCharacter() -> ArraySlice<UInt8> {
        guard let lead = suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return self[...] }
        let length =
            switch self[lead] {
            case 0xF0...: 4
            case 0xE0...: 3
            case 0xC0...: 2
            default: 1
            }
        return lead + length > count ? self[..<lead] : self[...]
    }
}
