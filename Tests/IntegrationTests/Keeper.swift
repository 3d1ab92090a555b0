import Foundation
import TestSupport
import Testing

/// A broker that keeps all that comes on `out` for a session of its own, a WebSocket server, and a folder for a gateway.
func withKeeper(_ body: (Site.Parts) async throws -> Void) async throws {
    try await withMosquittoBroker(persistence: true) { broker in
        try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) {
            try await $0.subscribe("out")
        }
        try await withWebSocketServer { server in
            try await withTemporaryDirectory { directory in
                try await body(Site.Parts(broker: broker, server: server, directory: directory))
            }
        }
    }
}

extension Site.Parts {
    /// Exactly these were kept, in this order; at QoS 1 one may have come twice when the broker or the gateway went.
    func expectKept(_ messages: [String]) async throws {
        try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
            try await eventually("the last one") { keeper.messages.last?.text == messages.last }
            var seen: Set<String> = []
            #expect(keeper.messages.map(\.text).filter { seen.insert($0).inserted } == messages)
        }
    }
}
