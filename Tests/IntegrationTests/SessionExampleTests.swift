import Foundation
import TestSupport
import Testing

/// The examples in `config/` with a session, each against a server that speaks its protocol.
struct SessionExampleTests {
    private func withExample(
        _ name: String,
        urlKey: String,
        _ script: TestWebSocketServer.Script,
        _ body: (Site) async throws -> Void
    ) async throws {
        try await ExampleTests().withExample(name, script) { parts in
            [
                urlKey: parts.server.url, "MQTT_URL": parts.broker.url, "CLOUD_TOKEN": "canary-token",
                "HA_TOKEN": "canary-token",
            ]
        } _: { site in
            try await body(site)
            #expect(site.server.violations == [])
        }
    }

    /// Each route's `received` is what the session left of the connection's.
    private func expectBalance(_ site: Site, connection: String, route: String) async throws {
        let stats = try await site.gateway.status()
        stats.expectBalance()
        #expect(try stats.routed(from: connection) == stats.routes[route]?.received, "\(stats)")
    }

    private static func field(_ name: String, of json: String) -> String? {
        let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return object?[name].map { "\($0)" }
    }

    @Test("config/log-in-and-heartbeat.yaml") func logIn() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [.text(#"{"op":"hello","session":"s-\"1\""}"#)]) {
            text in
            switch Self.field("op", of: text) {
            case "login": [.text(#"{"op":"welcome"}"#)]
            case "subscribe": [.text(#"{"type":"trade","symbol":"ABC"}"#)]
            default: []
            }
        }
        try await withExample("log-in-and-heartbeat", urlKey: "CLOUD_URL", script) { site in
            _ = try await site.mqtt.message(on: "feed/trades/ABC")
            #expect(
                site.server.texts == [
                    #"{"op":"login","session":"s-\"1\"","token":"canary-token"}"#,
                    #"{"op":"subscribe","channel":"trades"}"#,
                ]
            )
            try await expectBalance(site, connection: "cloud", route: "trades")
            _ = try await site.gateway.log.line(containing: "session is through, after 3 steps")
        }
    }

    @Test("config/home-assistant.yaml") func homeAssistant() async throws {
        let event =
            #"{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.hall"}}}"#
        let script = TestWebSocketServer.Script(
            onEstablished: [.text(#"{"type":"auth_required","ha_version":"2026.1.0"}"#)]
        ) { text in
            switch (Self.field("type", of: text), Self.field("access_token", of: text)) {
            case ("auth", "canary-token"): [.text(#"{"type":"auth_ok","ha_version":"2026.1.0"}"#)]
            case ("auth", _): [.text(#"{"type":"auth_invalid","message":"Invalid access token"}"#), .close(code: 1000)]
            case ("subscribe_events", _):
                [.text(#"{"id":1,"type":"result","success":true,"result":null}"#), .text(event)]
            default: []
            }
        }
        try await withExample("home-assistant", urlKey: "HA_URL", script) { site in
            #expect(try await site.mqtt.message(on: "home/light.hall").text == event)
            #expect(site.server.clients[0].target == "/api/websocket")
            try await expectBalance(site, connection: "home", route: "states")
        }
    }

    @Test("config/graphql-subscription.yaml") func graphQL() async throws {
        let trade = #"{"id":"1","type":"next","payload":{"data":{"trade":{"symbol":"ABC","price":1.5}}}}"#
        let script = TestWebSocketServer.Script(
            .accept(headers: [("Sec-WebSocket-Protocol", "graphql-transport-ws")])
        ) { text in
            switch Self.field("type", of: text) {
            case "connection_init" where text.contains(#""Authorization":"Bearer canary-token""#):
                [.text(#"{"type":"connection_ack"}"#), .text(#"{"type":"ping"}"#)]
            case "subscribe": [.text(trade)]
            default: []
            }
        }
        try await withExample("graphql-subscription", urlKey: "GRAPH_URL", script) { site in
            #expect(site.server.clients[0].header("Sec-WebSocket-Protocol") == "graphql-transport-ws")
            #expect(try await site.mqtt.message(on: "trades/ABC").text == trade)
            try await eventually("the pong") { site.server.texts.contains(#"{"type":"pong"}"#) }
            try await expectBalance(site, connection: "graph", route: "trades")
        }
    }

    @Test("config/socket-io.yaml") func socketIO() async throws {
        let open = #"0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        let script = TestWebSocketServer.Script(onEstablished: [.text(open)]) { text in
            switch text {
            case #"40{"token":"canary-token"}"#: [.text(#"40{"sid":"s-session"}"#), .text("2")]
            case #"42["subscribe","trades"]"#: [.text(#"42["trade",{"p":1}]"#)]
            case #"42["order",7]"#: [.text(#"42["done",7]"#)]
            default: []
            }
        }
        try await withExample("socket-io", urlKey: "SOCKET_URL", script) { site in
            #expect(site.server.clients[0].target == "/socket.io/?EIO=4&transport=websocket")
            #expect(try await site.mqtt.message(on: "feed/trade").text == #"["trade",{"p":1}]"#)
            try await site.mqtt.publish("orders", #"["order",7]"#)
            #expect(try await site.mqtt.message(on: "feed/done").text == #"["done",7]"#)
            #expect(site.server.texts.contains("3"))
            try await expectBalance(site, connection: "live", route: "events")
        }
    }

    @Test("config/signalr.yaml") func signalR() async throws {
        let call = #"{"type":1,"target":"trade","arguments":[{"p":1}]}"#
        let script = TestWebSocketServer.Script { text in
            if text == "{\"protocol\":\"json\",\"version\":1}\u{1e}" { return [.text("{}\u{1e}{\"type\":6}\u{1e}")] }
            guard text.hasSuffix("\u{1e}"), Self.field("target", of: String(text.dropLast())) == "Subscribe" else {
                return []
            }
            let completion = #"{"type":3,"invocationId":"1","result":null}"#
            return [.text("\(completion)\u{1e}\(call)\u{1e}\(call)\u{1e}")]
        }
        try await withExample("signalr", urlKey: "HUB_URL", script) { site in
            #expect(try await site.mqtt.message(on: "hub/trade").text == call)
            try await eventually("the second record") { site.count(on: "hub/trade") == 2 }
            #expect(site.server.clients[0].header("Authorization") == "Bearer canary-token")
            let stats = try await site.gateway.status()
            #expect(
                stats.connections["hub"]?.session
                    == Stats.Session(ready: true, consumed: 2, heartbeats: 1, forwarded: 0, records: 5)
            )
            try await expectBalance(site, connection: "hub", route: "calls")
        }
    }

    @Test("config/exchange-ticker.yaml") func okx() async throws {
        let script = TestWebSocketServer.Script { text in
            if text == "ping" { return [.text("pong")] }
            guard let start = text.range(of: #""args":["#)?.upperBound, text.hasSuffix("]}") else {
                return [.text(#"{"event":"error","code":"60012","msg":"Illegal request"}"#)]
            }
            let argument = text[start...].dropLast(2)
            return [
                .text(#"{"event":"subscribe","arg":\#(argument),"connId":"a4d3ae55"}"#),
                .text(#"{"arg":\#(argument),"data":[{"last":"1"}]}"#),
            ]
        }
        try await withExample("exchange-ticker", urlKey: "EXCHANGE_URL", script) { site in
            _ = try await site.mqtt.message(on: "tickers/BTC-USDT")
            _ = try await site.mqtt.message(on: "tickers/ETH-USDT")
            #expect(site.server.clients[0].target == "/ws/v5/public")
            try await expectBalance(site, connection: "exchange", route: "tickers")
        }
    }
}
