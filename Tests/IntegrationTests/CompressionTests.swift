import Foundation
import TestSupport
import Testing

/// The real gateway and a real server that deflates: autobahn, in the conformance suite's own Python environment.
@Suite(
    .serialized,
    .enabled(if: DeflateServer.isInstalled || DeflateServer.isRequired, "`make autobahn` installs the server")
)
struct CompressionTests {
    private let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil

    @Test("a compressed feed arrives, what is sent goes compressed, and the greeting doesn't (S4)")
    func bothWays() async throws {
        let greeting = #"{"op":"auth","token":"4f1c9a7be2d35508","again":"4f1c9a7be2d35508","op":"auth"}"#
        try await withDeflateServer(
            compression: "{ outgoing_context_takeover: true, min_size: 32B }",
            further: "on_established: [ '\(greeting)' ]"
        ) { site in
            try await waitForOutput(501, site)
            let feed = output(site)
            #expect(feed[0] == #"{"type": "trade", "symbol": "ABC-0", "price": "10.50", "side": "buy"}"#)
            #expect(feed[499] == #"{"type": "trade", "symbol": "ABC-2", "price": "1499.50", "side": "buy"}"#)
            let order = #"{"op":"order","symbol":"ABC-1","side":"buy","size":10}"#
            for _ in 0..<3 { try await site.mqtt.publish("in", order) }
            try await waitForOutput(504, site)
            let answers = try output(site)[500...].map { try Answer($0) }
            let ordered = Answer(compressed: true, text: order)
            #expect(answers == [Answer(compressed: false, text: greeting), ordered, ordered, ordered])
            let stats = try await site.stopAndTakeStats()
            #expect(stats.connections["cloud"]?.compression == "permessage-deflate; client_max_window_bits=12")
            #expect(try stats.sink("out").delivered == 504)
            #expect(try stats.sink("in").delivered == 3)
        }
    }

    @Test("S4: a bomb is stopped, the memory stays flat, and the connection comes back")
    func bomb() async throws {
        try await withDeflateServer(compression: "true") { site in
            try await waitForOutput(500, site)
            let before = try site.gateway.process.residentMemory()
            try await site.mqtt.publish("in", "bomb")
            let event = try await site.event("disconnected")
            #expect(event.closeCode == 1009)
            let reason = "a compressed message inflates to more than 256 times its size"
            #expect(event.reason == "server sent too much: \(reason)")
            try await site.gateway.status("it is counted") { $0.connections["cloud"]?.rejected["too_large"] == 1 }
            let after = try site.gateway.process.residentMemory()
            if !isSanitized { #expect(after - before < 16_000_000, "\(before) bytes before, \(after) after") }
            try await site.event("established", number: 2)
        }
    }

    private func output(_ site: Site) -> [String] {
        site.mqtt.messages.filter { $0.topic == "out" }.map(\.text)
    }

    private func waitForOutput(_ count: Int, _ site: Site) async throws {
        try await eventually("\(count) messages on out") { site.count(on: "out") >= count }
    }

    private struct Answer: Decodable, Equatable {
        var compressed: Bool
        var text: String

        init(compressed: Bool, text: String) {
            self.compressed = compressed
            self.text = text
        }

        init(_ json: String) throws { self = try JSONDecoder().decode(Answer.self, from: Data(json.utf8)) }
    }

    /// A site whose connection `cloud` leads to the deflating server, with a route each way.
    private func withDeflateServer(
        compression: String,
        further: String = "",
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withProcess(DeflateServer.python, [DeflateServer.script]) { server in
            let port = try await server.output.line(containing: "")
            try await withSite(
                yaml: { parts in
                    """
                    instance: test
                    connections:
                      cloud:
                        url: ws://127.0.0.1:\(port)/
                        reconnect: { initial_delay: 50ms, max_delay: 200ms }
                        compression: \(compression)
                    \(further.indented(4))
                    mqtt: { local: { url: "\(parts.broker.url)" } }
                    routes:
                      out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                      in: { from: { mqtt: local, topic: in, qos: 1 }, to: cloud }
                    """
                },
                body
            )
        }
    }
}

private enum DeflateServer {
    private static let environment = Executables.checkout.appendingPathComponent(".build/autobahn-venv")

    static let python = environment.appendingPathComponent("bin/python")
    static let script = Executables.checkout
        .appendingPathComponent("Tests/ConformanceTests/autobahn/deflate_server.py").path

    static var isInstalled: Bool {
        FileManager.default.fileExists(atPath: environment.appendingPathComponent(".done").path)
    }

    /// Set where a skipped test has to be a failure.
    static var isRequired: Bool { ProcessInfo.processInfo.environment["REQUIRE_AUTOBAHN"] == "1" }
}
