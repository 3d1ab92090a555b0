import Foundation
import TestSupport
import Testing

/// Presets against servers that are not as the preset's author had them: older, quieter, quicker.
struct PresetServerTests {
    private func open(interval: Int, timeout: Int) -> TestWebSocketServer.Sending {
        .text(#"0{"sid":"e1","upgrades":[],"pingInterval":\#(interval),"pingTimeout":\#(timeout)}"#)
    }

    private func withPreset(
        _ keys: String,
        path: String = "",
        _ script: TestWebSocketServer.Script,
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withSite(
            script,
            yaml: { parts in
                let standard = parts.standard(connection: keys)
                let url = parts.server.url
                return standard.replacingOccurrences(of: url + "/feed", with: url + path)
                    + "routes: { in: { from: cloud, to: { mqtt: local, topic: 'in/{$[0]}', qos: 1 } } }\n"
            },
            body
        )
    }

    @Test(
        "Socket.IO: a server that misses its own pingInterval and pingTimeout is left, and one that keeps them is not"
    )
    func socketIOTimes() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [open(interval: 300, timeout: 200)]) { text in
            text == "40" ? [.text(#"40{"sid":"s1"}"#)] : []
        }
        try await withPreset("session: { preset: socket.io }", script) { site in
            let end = try await site.event("disconnected")
            #expect(end.reason == "server sent no heartbeat and nothing else for 500 ms")
        }
    }

    @Test("Socket.IO 2 with EIO=3 in the url: we ping, it answers, events flow")
    func engineIO3() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [open(interval: 50, timeout: 60_000), .text("40")]) {
            text in
            switch text {
            case "2": [.text("3"), .text(#"42["tick",1]"#)]
            default: []
            }
        }
        let path = "/socket.io/?EIO=3&transport=websocket"
        try await withPreset("session: { preset: socket.io }", path: path, script) { site in
            #expect(try await site.mqtt.message(on: "in/tick").text == #"["tick",1]"#)
            try await site.gateway.status("pings that are answered") {
                ($0.connections["cloud"]?.session?.heartbeats ?? 0) >= 3
            }
            #expect(site.server.texts.allSatisfy { $0 == "2" }, "nobody asks for the namespace /")
            #expect(site.server.clients[0].target == path)
        }
    }

    @Test("Socket.IO 2 without EIO=3 in the url: a fault that says what to write")
    func engineIO3Unasked() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [open(interval: 25_000, timeout: 5_000), .text("40")])
        try await withPreset("session: { preset: socket.io }", script) { site in
            let end = try await site.event("disconnected")
            #expect(end.reason?.contains("server speaks Engine.IO 3 (Socket.IO 2): write EIO=3 in the url") == true)
            try await site.gateway.status("a fault") { $0.connections["cloud"]?.state == "fault" }
        }
    }

    @Test("SignalR: what the user writes wins, so a hub is left by the user's within and not before")
    func signalR() async throws {
        let script = TestWebSocketServer.Script { text in
            text.hasPrefix(#"{"protocol""#) ? [.text("{}\u{1e}")] : []
        }
        let keys =
            "session: { preset: signalr }\nheartbeat: { send: '{\"type\":6,\"own\":1}', every: 100ms, within: 800ms }"
        try await withPreset(keys, script) { site in
            let end = try await site.event("disconnected")
            #expect(end.reason == "server sent no heartbeat and nothing else for 800 ms")
            #expect(!site.server.texts.contains("{\"type\":6}\u{1e}"))
            #expect(site.server.texts.filter { $0 == "{\"type\":6,\"own\":1}\u{1e}" }.count > 1)
        }
    }

    @Test("A byte order mark in front of a JSON payload is passed over by match and topic, and stays in the payload")
    func byteOrderMark() async throws {
        try await withEstablishedSite(routes: { _ in
            """
            in:
              from: cloud
              match: { json: $.id, equals: 9007199254740993 }
              to: { mqtt: local, topic: 'in/{$.name}', qos: 1 }
            """
        }) { site in
            try await site.server.send("\u{FEFF}{\"id\":9007199254740992,\"name\":\"near\"}")
            try await site.server.send("\u{FEFF}{\"id\":9007199254740993,\"name\":\"exact\"}")
            #expect(
                try await site.mqtt.message(on: "in/exact").text
                    == "\u{FEFF}{\"id\":9007199254740993,\"name\":\"exact\"}"
            )
            let status = try await site.gateway.status("both") { $0.routes["in"]?.received == 2 }
            #expect(status.routes["in"]?.unmatched == 1)
        }
    }
}
