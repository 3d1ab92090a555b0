import Foundation
import TestSupport
import Testing

/// `<base>/stats` and `wsbridge status --json`.
struct Stats: Decodable {
    struct Connection: Decodable {
        var state: String
        var since: String
        var reason: String?
        var failures: [Failure]?
        var received: Int
        var sent: Int
        var reconnects: Int
        var renewals: Int?
        var rejected: [String: Int]
        var compression: String?
        var session: Session?
        var throttled: [String]?
    }

    struct Session: Decodable, Equatable {
        var ready: Bool
        var consumed: Int
        var heartbeats: Int
        var forwarded: Int
        var records: Int?
    }

    struct Failure: Decodable {
        var at: String
        var reason: String
    }

    struct Broker: Decodable {
        var state: String
        var since: String
        var reason: String?
        var rejected: [String: Int]
    }

    struct Route: Decodable {
        var received: Int
        var matched: Int
        var unmatched: Int
        var sinks: [Sink]
        var replies: Replies?
        var error: String?
    }

    struct Replies: Decodable, Equatable {
        var open: Int
        var replied: Int
        var unanswered: [String: Int]
    }

    struct Sink: Decodable {
        var sink: String
        var restored: Int
        var delivered: Int
        var queued: Int
        var queued_bytes: Int
        var expired: Int
        var dropped: [String: Int]
        var spooled: Spooled?
    }

    struct Spooled: Decodable {
        var bytes: Int
        var unwritten: Int
    }

    struct Spool: Decodable {
        struct Written: Decodable { var transactions, messages, bytes: Int }
        var failing: Bool
        var set_aside: Int
        var written: Written
        var strangers: Int
    }

    struct Source: Decodable {
        var rejected: [String: Int]
        var throttled: [String]?
    }

    var instance: String
    var version: String
    var at: String
    var uptime: Double
    var connections: [String: Connection]
    var brokers: [String: Broker]
    var routes: [String: Route]
    var sources: [String: Source]?
    var spool: Spool?

    init(_ json: [UInt8]) throws {
        self = try JSONDecoder().decode(Stats.self, from: Data(json))
    }

    /// A route with one sink, as most tests have.
    func sink(_ route: String) throws -> Sink {
        try #require(routes[route]?.sinks.first, "no route \(route) in \(self)")
    }

    /// What a route from the connection has to have received: its session and heartbeats took the rest.
    func routed(from name: String) throws -> Int {
        let connection = try #require(connections[name])
        guard let session = connection.session else { return connection.received }
        return (session.records ?? connection.received) - session.consumed - session.heartbeats + session.forwarded
    }

    /// Section 7: `received = matched + unmatched`, `matched + restored = delivered + queued + expired + dropped`.
    func expectBalance(sourceLocation: SourceLocation = #_sourceLocation) {
        for (name, route) in routes {
            #expect(route.received == route.matched + route.unmatched, "\(name)", sourceLocation: sourceLocation)
            for sink in route.sinks {
                let dropped = sink.dropped.values.reduce(0, +)
                #expect(
                    route.matched + sink.restored == sink.delivered + sink.queued + sink.expired + dropped,
                    "\(name) to \(sink)",
                    sourceLocation: sourceLocation
                )
                #expect(
                    sink.dropped.values.allSatisfy { $0 > 0 },
                    "only reasons that occurred",
                    sourceLocation: sourceLocation
                )
            }
        }
    }
}
