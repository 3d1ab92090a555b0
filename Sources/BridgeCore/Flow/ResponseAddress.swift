/// Where a requester wants its answer (MQTT 5, section 4.10): what a stranger wrote, to be trusted in nothing (S9).
package struct ResponseAddress: Sendable, Hashable {
    package var topic: String
    /// Goes back as it came; empty = none.
    package var correlation: [UInt8]
    /// Of the request, 0 or 1: its answer's too.
    package var qos: Int

    package init(topic: String, correlation: [UInt8] = [], qos: Int) {
        self.topic = topic
        self.correlation = correlation
        self.qos = qos
    }
}

/// What a requester is told of its message.
package enum RequestAnswer: Sendable, Hashable, CustomStringConvertible {
    /// It waits; what becomes of it is told when it is known.
    case queued
    /// It went out over the WebSocket.
    case sent
    /// The word is one of a `DropReason`, of a `RejectReason`, of `Unanswered`, or `expired`.
    case dropped(String)

    package var description: String {
        switch self {
        case .queued: "queued"
        case .sent: "sent"
        case .dropped(let reason): "dropped: \(reason)"
        }
    }

    package var kind: AnswerProperties.Kind {
        switch self {
        case .queued: .queued
        case .sent: .sent
        case .dropped: .dropped
        }
    }
}
