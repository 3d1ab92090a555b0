/// `<c>/connection_status`.
package struct ConnectionStatusPayload: Encodable, Sendable, Equatable {
    package var tcp: Bool
    package var websocket: Bool
    package var state: String
    package var since: String
    package var reason: String?
    package var closeCode: Int?
    package var attempts: Int
    package var nextAttempt: String?
    /// The full queues that keep the connection from being read.
    package var throttled: [String]

    enum CodingKeys: String, CodingKey {
        case tcp, websocket, state, since, reason, attempts, throttled
        case closeCode = "close_code"
        case nextAttempt = "next_attempt"
    }

    /// Writes every key: `null` where there is no value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tcp, forKey: .tcp)
        try container.encode(websocket, forKey: .websocket)
        try container.encode(state, forKey: .state)
        try container.encode(since, forKey: .since)
        try container.encode(reason, forKey: .reason)
        try container.encode(closeCode, forKey: .closeCode)
        try container.encode(attempts, forKey: .attempts)
        try container.encode(nextAttempt, forKey: .nextAttempt)
        try container.encode(throttled, forKey: .throttled)
    }
}

/// `<c>/last_sent` and `<c>/last_received`.
package struct LastMessagePayload: Codable, Sendable, Equatable {
    /// The first 1 KiB: as it is for text, else base64.
    package var message: String
    /// `text` or `binary`.
    package var kind: String
    /// The whole message's size.
    package var bytes: Int
    package var at: String
    /// `base64` for a binary message.
    package var encoding: String?
}

/// `<c>/event/connected` and `<c>/event/established`.
package struct ConnectionEventPayload: Encodable, Sendable, Equatable {
    package var connection: String
    package var at: String
    package var sequence: Int
    /// `true` where the next connection took over from one that was up; absent else.
    package var renewed: Bool?
    /// Why it did.
    package var reason: String?
}

/// `<c>/event/disconnected`.
package struct DisconnectedEventPayload: Encodable, Sendable, Equatable {
    package var connection: String
    package var at: String
    package var sequence: Int
    package var reason: String?
    package var closeCode: Int?
    package var wasEstablished: Bool

    enum CodingKeys: String, CodingKey {
        case connection, at, sequence, reason
        case closeCode = "close_code"
        case wasEstablished = "was_established"
    }

    /// Writes every key: `null` where there is no value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(connection, forKey: .connection)
        try container.encode(at, forKey: .at)
        try container.encode(sequence, forKey: .sequence)
        try container.encode(reason, forKey: .reason)
        try container.encode(closeCode, forKey: .closeCode)
        try container.encode(wasEstablished, forKey: .wasEstablished)
    }
}
