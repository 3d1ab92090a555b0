/// What `<base>/stats` and `wsbridge status --json` hold.
///
/// Times in seconds, sizes in bytes.
package struct GatewayStats: Codable, Sendable, Equatable {
    package var instance: String
    package var version: String
    package var at: String
    package var uptime: Double
    package var connections: [String: ConnectionStats] = [:]
    package var brokers: [String: BrokerStats] = [:]
    package var routes: [String: RouteStats] = [:]
    /// What sources other than connections refused, by the source's name.
    package var sources: [String: SourceStats] = [:]
    /// Absent without a spool.
    package var spool: SpoolStats?
}

/// One connection in the stats.
package struct ConnectionStats: Codable, Sendable, Equatable {
    package var state: String
    package var since: String
    package var reason: String?
    package var received: Int
    package var sent: Int
    package var reconnects: Int
    /// How often the next connection took over before a token expired; absent while never.
    package var renewals: Int?
    package var rejected: [String: Int]
    /// The full queues that keep it from being read.
    package var throttled: [String]?
    /// What was agreed upon, as in the handshake's header; absent while messages travel uncompressed.
    package var compression: String?
    package var lastSent: LastMessagePayload?
    package var lastReceived: LastMessagePayload?
    /// Why the last attempts failed, the oldest first; absent while none did.
    package var failures: [FailurePayload]?
    /// Absent without a session, a heartbeat and a watch over silence.
    package var session: SessionStats?

    enum CodingKeys: String, CodingKey {
        case state, since, reason, received, sent, reconnects, renewals, rejected, throttled, compression, failures
        case session
        case lastSent = "last_sent"
        case lastReceived = "last_received"
    }
}

/// What became of a connection's messages before its routes: those see `received` (or `records`, where there are any)
/// less `consumed` and `heartbeats`, and `forwarded` of these.
package struct SessionStats: Codable, Sendable, Equatable {
    /// Whether the script is through, and messages flow.
    package var ready: Bool
    /// Messages that the script's steps awaited, or were refused by.
    package var consumed: Int
    /// The server's heartbeats, and its answers to ours.
    package var heartbeats: Int
    /// How many of both routes saw all the same.
    package var forwarded: Int
    /// How many messages the received ones held; absent where each is one.
    package var records: Int?
}

/// One broker in the stats.
package struct BrokerStats: Codable, Sendable, Equatable {
    package var state: String
    package var since: String
    package var reason: String?
    package var rejected: [String: Int]
}

/// One route in the stats.
package struct RouteStats: Codable, Sendable, Equatable {
    package var received: Int
    package var matched: Int
    package var unmatched: Int
    /// For how many messages a regex was given up because it took too long; absent while there are none.
    package var regexLimitHits: Int?
    package var sinks: [SinkStats]
    /// Absent without `reply_to`.
    package var replies: ReplyStats?
    /// Why the route stands still; absent while it works.
    package var error: String?

    enum CodingKeys: String, CodingKey {
        case received, matched, unmatched, sinks, replies, error
        case regexLimitHits = "regex_limit_hits"
    }
}

/// What became of a route's requests after they were sent: their messages are delivered, whatever came back.
package struct ReplyStats: Codable, Sendable, Equatable {
    /// How many wait for their reply.
    package var open: Int
    package var replied: Int
    /// By reason, those that occurred only.
    package var unanswered: [String: Int]
}

/// One sink of a route in the stats: its balance.
package struct SinkStats: Codable, Sendable, Equatable {
    package var sink: String
    package var restored: Int
    package var delivered: Int
    package var queued: Int
    package var queuedBytes: Int
    package var expired: Int
    package var dropped: [String: Int]
    /// Absent where the queue has no part in the spool.
    package var spooled: SpooledStats?

    package init(sink: String, balance: Balance, spooled: SpooledStats? = nil) {
        self.sink = sink
        self.spooled = spooled
        restored = balance.restored
        delivered = balance.delivered
        queued = balance.queued
        queuedBytes = balance.queuedBytes
        expired = balance.expired
        dropped = Dictionary(uniqueKeysWithValues: balance.dropped.map { ($0.key.rawValue, $0.value) })
    }

    enum CodingKeys: String, CodingKey {
        case sink, restored, delivered, queued, expired, dropped, spooled
        case queuedBytes = "queued_bytes"
    }
}

/// A source in the stats.
package struct SourceStats: Codable, Sendable, Equatable {
    package var rejected: [String: Int]
    /// The full queues that keep it from being read.
    package var throttled: [String]?
    /// Why it could not start; absent while it works.
    package var error: String?
}
