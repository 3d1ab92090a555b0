import Foundation
import TestSupport
import Testing

/// Each file in `config/`, as it is, with addresses from the environment.
struct ExampleTests {
    /// Runs an example with a server, a broker and a recorder of the broker's topics.
    func withExample(
        _ name: String,
        _ script: TestWebSocketServer.Script = .init(),
        environment: @escaping (Site.Parts) throws -> [String: String],
        waitsUntilReady: Bool = true,
        _ body: (Site) async throws -> Void
    ) async throws {
        let file = Executables.checkout.appendingPathComponent("config/\(name).yaml")
        let yaml = try String(contentsOf: file, encoding: .utf8)
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker) { mqtt in
                try await withWebSocketServer(script) { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        try await withGateway(
                            yaml,
                            in: directory,
                            environment: try environment(parts).merging(["INSTANCE": "test"]) { $1 },
                            waitsUntilReady: waitsUntilReady
                        ) { gateway in
                            try await server.waitForEstablished()
                            try await body(Site(broker: broker, server: server, mqtt: mqtt, gateway: gateway))
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }

    @Test func everyExampleIsRunHere() throws {
        let folder = Executables.checkout.appendingPathComponent("config")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(
            Set(files) == [
                "cloud-to-mqtt.yaml", "alarms-to-udp.yaml", "fifo-in-and-out.yaml", "mqtt-to-websocket.yaml",
                "several-connections-and-brokers.yaml", "tls-client-certificate.yaml", "pharos-first-file.yaml",
                "edge-box.yaml", "udp-to-websocket.yaml", "binary-to-fifo.yaml", "oauth2.yaml", "token-command.yaml",
                "spool.yaml", "compressed-feed.yaml", "through-a-proxy.yaml", "request-and-response.yaml",
                // In SessionExampleTests.
                "home-assistant.yaml", "graphql-subscription.yaml", "socket-io.yaml", "signalr.yaml",
                "exchange-ticker.yaml", "log-in-and-heartbeat.yaml",
            ]
        )
    }

    @Test("config/cloud-to-mqtt.yaml") func cloudToMQTT() async throws {
        try await withExample("cloud-to-mqtt") { parts in
            ["CLOUD_URL": parts.server.url, "CLOUD_TOKEN": "token-12", "MQTT_URL": parts.broker.url]
        } _: { site in
            #expect(site.server.clients[0].header("Authorization") == "Bearer token-12")
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == [#"{"op":"subscribe","channel":"trades"}"#])
            let trade = #"{"type":"trade","symbol":"ABC","price":1.5}"#
            try await site.server.send(#"{"type":"quote","symbol":"XYZ"}"#)
            try await site.server.send(trade)
            #expect(try await site.mqtt.message(on: "feed/trades/ABC").text == trade)
            #expect(!site.mqtt.messages.contains { $0.topic == "feed/trades/XYZ" })
        }
    }

    @Test("config/compressed-feed.yaml") func compressedFeed() async throws {
        try await withExample("compressed-feed") { parts in
            ["CLOUD_URL": parts.server.url, "CLOUD_TOKEN": "token-12", "MQTT_URL": parts.broker.url]
        } _: { site in
            let offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits=12"
            #expect(site.server.clients[0].header("Sec-WebSocket-Extensions") == offer)
            // This server declines: nothing is compressed, and all arrives.
            try await site.mqtt.publish("feed/orders", String(repeating: "order ", count: 100))
            try await site.server.waitForMessages(2)
            #expect(site.server.texts[1] == String(repeating: "order ", count: 100))
            try await site.server.send("trade")
            #expect(try await site.mqtt.message(on: "feed/trades").text == "trade")
        }
    }

    @Test("config/through-a-proxy.yaml") func throughAProxy() async throws {
        try await withUDPReceiver { prices in
            try await withUDPReceiver { events in
                try await withTestProxy(.init(.http, login: "gateway:pass-12")) { proxy in
                    try await withTemporaryDirectory { sockets in
                        let socket = sockets.appendingPathComponent("plant.sock").path
                        try await withWebSocketServer { plant in
                            let relay = TestProxy.Settings(.relay(port: plant.port), socketPath: socket)
                            try await withTestProxy(relay) { _ in
                                try await withExample("through-a-proxy") { parts in
                                    [
                                        "CLOUD_URL": "ws://stream.nowhere.invalid:\(parts.server.port)/v1/feed",
                                        "PROXY_URL": "http://127.0.0.1:\(proxy.port)", "PROXY_PASSWORD": "pass-12",
                                        "PLANT_URL": "ws+unix:\(socket):/events",
                                        "PRICES_ADDRESS": "127.0.0.1:\(prices.port)",
                                        "EVENTS_ADDRESS": "127.0.0.1:\(events.port)",
                                    ]
                                } _: { site in
                                    try await plant.waitForEstablished()
                                    try await site.server.send("a price")
                                    try await plant.send("an event")
                                    try await prices.waitForDatagrams(1)
                                    try await events.waitForDatagrams(1)
                                    #expect(prices.texts == ["a price"] && events.texts == ["an event"])
                                    #expect(plant.clients.first?.target == "/events")
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("config/alarms-to-udp.yaml") func alarmsToUDP() async throws {
        try await withUDPReceiver { receiver in
            try await withExample("alarms-to-udp") { parts in
                ["CLOUD_URL": parts.server.url, "ALARM_ADDRESS": "127.0.0.1:\(receiver.port)"]
            } _: { site in
                let alarm = #"{"type":"alarm","severity":5,"text":"door"}"#
                let last = #"{"type":"alarm","severity":9}"#
                for message in [
                    #"{"type":"state","severity":5}"#, alarm, #"{"type":"alarm","severity":2}"#,
                    #"{"type":"alarm","severity":5,"test":true}"#, "no JSON", last,
                ] { try await site.server.send(message) }
                try await receiver.waitForDatagrams(2)
                #expect(receiver.texts == [alarm, last])
            }
        }
    }

    @Test("config/fifo-in-and-out.yaml") func fifoInAndOut() async throws {
        try await withExample("fifo-in-and-out") { parts in
            ["CLOUD_URL": parts.server.url, "PIPES": parts.directory.path]
        } _: { site in
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                try await site.server.send("first")
                try await site.server.send("two\nlines")
                try await eventually("two records") { reader.lines == ["first", "two lines"] }
            }
            try await FIFOWriter.write(
                "hello\nagain\n",
                to: site.gateway.directory.appendingPathComponent("in.fifo").path
            )
            try await site.server.waitForMessages(2)
            #expect(site.server.texts == ["hello", "again"])
        }
    }

    @Test("config/oauth2.yaml") func oauth2() async throws {
        try await withTokenServer(answering: { _, _ in .token("abc", expiresIn: 3600) }) { tokens in
            try await withExample("oauth2") { parts in
                let secret = parts.path("client-secret")
                try "the secret\n".write(toFile: secret, atomically: true, encoding: .utf8)
                chmod(secret, 0o600)
                return [
                    "CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url, "CLIENT_SECRET_FILE": secret,
                    "TOKEN_URL": "http://127.0.0.1:\(tokens.port)/token",
                ]
            } _: { site in
                #expect(site.server.clients[0].header("Authorization") == "Bearer abc")
                #expect(tokens.requests.map(\.body) == ["grant_type=client_credentials&scope=feed.read"])
                try await site.server.send("hello")
                #expect(try await site.mqtt.message(on: "feed/cloud").text == "hello")
            }
        }
    }

    @Test("config/token-command.yaml") func tokenCommand() async throws {
        try await withExample("token-command") { parts in
            let (command, session) = (parts.path("get-token"), parts.path("session"))
            try "#!/bin/sh\necho token-for-$2\n".write(toFile: command, atomically: true, encoding: .utf8)
            chmod(command, 0o700)
            try "abc\n".write(toFile: session, atomically: true, encoding: .utf8)
            chmod(session, 0o600)
            return [
                "CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url, "TOKEN_COMMAND": command,
                "SESSION_FILE": session,
            ]
        } _: { site in
            #expect(site.server.clients[0].header("Authorization") == "Bearer token-for-feed")
            #expect(site.server.clients[0].header("Cookie") == "session=abc")
            _ = try await site.gateway.log.line(containing: "renew_before has no effect: nothing tells when")
        }
    }

    @Test("config/mqtt-to-websocket.yaml") func mqttToWebSocket() async throws {
        try await withExample("mqtt-to-websocket") { parts in
            ["CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url]
        } _: { site in
            try await site.mqtt.publish("feed/send", #"{"op":"ping"}"#)
            try await site.server.waitForMessages(1)
            try await site.mqtt.publish("feed/firmware/a", [0, 0xff])
            try await site.server.waitForMessages(2)
            #expect(site.server.messages.map(\.isText) == [true, false])
            #expect(site.server.messages.map(\.payload) == [Array(#"{"op":"ping"}"#.utf8), [0, 0xff]])
            try await site.server.send("pong")
            #expect(try await site.mqtt.message(on: "feed/answers").text == "pong")
        }
    }

    @Test("config/request-and-response.yaml") func requestAndResponse() async throws {
        try await withExample("request-and-response") { parts in
            ["CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url]
        } _: { site in
            try await site.mqtt.request("feed/send", "ping", answerTo: "replies/me", correlation: "7")
            let answer = try await site.mqtt.message(on: "replies/me")
            #expect(answer.text == "sent" && answer.correlation == [0x37])
            try await site.mqtt.request("feed/ask", "time?", answerTo: "replies/you", correlation: "8")
            try await site.server.waitForMessages(2)
            let result = #"{"type":"result","time":12}"#
            try await site.server.send(result)
            let reply = try await site.mqtt.message(on: "replies/you")
            #expect(reply.text == result && reply.correlation == [0x38])
            try await site.server.send("pong")
            let pong = try await site.mqtt.message(on: "feed/answers")
            #expect(pong.contentType == "application/json" && (200...300).contains(pong.expiry ?? 0))
            #expect(pong.userProperties.map(\.name) == ["wsbridge-connection", "wsbridge-received-at"])
        }
    }

    @Test("config/several-connections-and-brokers.yaml") func severalConnectionsAndBrokers() async throws {
        try await withMosquittoBroker { office in
            try await withMQTTRecorder(of: office) { atTheOffice in
                try await withExample("several-connections-and-brokers") { parts in
                    [
                        "WEATHER_URL": "\(parts.server.url)/weather", "TRAFFIC_URL": "\(parts.server.url)/traffic",
                        "BUILDING_MQTT": parts.broker.url, "OFFICE_MQTT": office.url,
                    ]
                } _: { site in
                    try await site.server.waitForEstablished(2)
                    let weather = try #require(site.server.clients.first { $0.target == "/weather" })
                    let traffic = try #require(site.server.clients.first { $0.target == "/traffic" })
                    #expect(traffic.header("X-Site") == "3")
                    #expect(traffic.header("Sec-WebSocket-Protocol")?.contains("feed.v2") == true)
                    try await weather.send([.text(#"{"station":"roof","temperature":3}"#)])
                    _ = try await site.mqtt.message(on: "feeds/weather/roof")
                    _ = try await atTheOffice.message(on: "hall-3/weather")
                    try await traffic.send([
                        .text(#"{"level":"low"}"#), .text(#"{"level":"jam"}"#), .text(#"{"road":"A7"}"#),
                    ])
                    _ = try await atTheOffice.message(on: "hall-3/traffic") { $0.text.contains("A7") }
                    #expect(atTheOffice.messages.count { $0.topic == "hall-3/traffic" } == 2)
                    try await site.mqtt.publish("lamps/4/state", "on")
                    #expect(try await atTheOffice.message(on: "hall-3/lamps/4/state").text == "on")
                    _ = try await site.mqtt.message(on: "wsbridge/hall-3/weather/state") { $0.text == "established" }
                }
            }
        }
    }

    @Test("config/tls-client-certificate.yaml") func tlsClientCertificate() async throws {
        try await withTemporaryDirectory { certificates in
            let authority = try await TestAuthority(in: certificates, name: "ca")
            let server = try await authority.issue("server")
            let client = try await authority.issue("client", names: [])
            for (from, to) in [(client.certificateFile, "client.pem"), (client.keyFile, "client.key")] {
                try FileManager.default.copyItem(atPath: from, toPath: certificates.appendingPathComponent(to).path)
            }
            let password = certificates.appendingPathComponent("mqtt-password").path
            try "open sesame\n".write(toFile: password, atomically: true, encoding: .utf8)
            chmod(password, 0o600)
            let tls = MosquittoTLS(
                authority: authority.certificate.certificateFile,
                certificate: server.certificateFile,
                key: server.keyFile,
                requiresClientCertificate: true
            )
            // The recorder speaks no TLS: it has a listener of its own.
            let plainPort = freePort()
            try await withMosquittoBroker(
                "listener \(plainPort) 127.0.0.1",
                users: ["site-12": "open sesame"],
                tls: tls
            ) { broker in
                try await withWebSocketServer { behind in
                    try await withTLSRelay(
                        to: behind.port,
                        certificate: server,
                        clientAuthority: authority.certificate
                    ) { relay in
                        let file = Executables.checkout.appendingPathComponent("config/tls-client-certificate.yaml")
                        try await withGateway(
                            try String(contentsOf: file, encoding: .utf8),
                            in: certificates,
                            environment: [
                                "CLOUD_URL": "wss://localhost:\(relay.port)",
                                "MQTT_URL": "mqtts://localhost:\(broker.port)",
                                "CERTIFICATES": certificates.path,
                            ]
                        ) { gateway in
                            try await behind.waitForEstablished()
                            try await withMQTTClient(
                                ofPort: plainPort,
                                user: "site-12",
                                password: "open sesame"
                            ) { recorder in
                                try await recorder.subscribe("cloud/events")
                                try await behind.send("both ends asked for a certificate")
                                _ = try await recorder.message(on: "cloud/events")
                            }
                            try await gateway.stop()
                            #expect(!gateway.log.text.contains("open sesame"))
                        }
                    }
                }
            }
        }
    }

    @Test("config/pharos-first-file.yaml") func pharosFirstFile() async throws {
        try await withUDPReceiver { oldBox in
            try await withExample("pharos-first-file") { parts in
                [
                    "CONTROLLER": "127.0.0.1", "CONTROLLER_PROTOCOL": "ws", "CONTROLLER_PORT": "\(parts.server.port)",
                    "MQTT_URL": parts.broker.url, "OLD_BOX": "127.0.0.1:\(oldBox.port)",
                ]
            } _: { site in
                #expect(site.server.clients[0].target == "/feed")
                for message in ["cue 1", "blackout", "cue 2"] { try await site.server.send(message) }
                _ = try await site.mqtt.message(on: "show/cue") { $0.text == "cue 2" }
                #expect(site.mqtt.messages.filter { $0.topic == "show/cue" }.map(\.text) == ["cue 1", "cue 2"])
                try await oldBox.waitForDatagrams(3)
                #expect(oldBox.texts == ["cue 1", "blackout", "cue 2"])
            }
        }
    }

    @Test("config/edge-box.yaml") func edgeBox() async throws {
        try await withExample(
            "edge-box",
            environment: { parts in
                let token = parts.path("token")
                try "edge-token\n".write(toFile: token, atomically: true, encoding: .utf8)
                chmod(token, 0o600)
                return [
                    "CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url,
                    "CREDENTIALS_DIRECTORY": parts.directory.path,
                ]
            },
            // Its log shows nothing below notice.
            waitsUntilReady: false
        ) { site in
            #expect(site.server.clients[0].header("Authorization") == "Bearer edge-token")
            try await eventually("the subscription") { site.broker.subscriptions(to: "sensors/#") == 1 }
            try await site.mqtt.publish("sensors/roof/temperature", "21.5")
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == ["21.5"])
            try await site.server.send(#"{"order":"open","device":"gate-1"}"#)
            _ = try await site.mqtt.message(on: "orders/gate-1")
        }
    }

    @Test("config/spool.yaml") func spool() async throws {
        try await withExample("spool") { parts in
            ["CLOUD_URL": parts.server.url, "MQTT_URL": parts.broker.url, "STATE_DIR": parts.path("state")]
        } _: { site in
            try await eventually("the subscription") { site.broker.subscriptions(to: "feed/orders") == 1 }
            try await site.mqtt.publish("feed/orders", "order 1")
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == ["order 1"])
            try await site.server.send(#"{"type":"trade","id":1}"#)
            _ = try await site.mqtt.message(on: "feed/trades")
            try await site.server.send(#"{"type":"price","symbol":"ABC","price":2}"#)
            _ = try await site.mqtt.message(on: "feed/prices/ABC")
        }
    }

    @Test("config/udp-to-websocket.yaml") func udpToWebSocket() async throws {
        let port = freePort()
        try await withExample("udp-to-websocket") { parts in
            ["CLOUD_URL": parts.server.url, "SENSOR_ADDRESS": "127.0.0.1:\(port)"]
        } _: { site in
            let sender = try UDPSender(toPort: port)
            for text in [#"{"temperature":21.5}"#, "something else", #"{"temperature":22}"#] { sender.send(text) }
            try await site.server.waitForMessages(2)
            #expect(site.server.texts == [#"{"temperature":21.5}"#, #"{"temperature":22}"#])
        }
    }

    @Test("config/binary-to-fifo.yaml") func binaryToFIFO() async throws {
        try await withExample("binary-to-fifo") { parts in
            ["CAMERA_URL": parts.server.url, "PIPES": parts.directory.path]
        } _: { site in
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("frames.fifo").path) { reader in
                // Nothing is kept without a reader, and only the gateway knows when it has found this one.
                try await eventually("the first frame") {
                    try await site.server.send(.binary([0, 10, 255]))
                    return !reader.lengthPrefixedRecords().isEmpty
                }
                try await site.server.send(.text("not a frame"), .binary([]), .binary([1, 2, 3]))
                try await eventually("the last frame") { reader.lengthPrefixedRecords().last == [1, 2, 3] }
                #expect(!reader.lengthPrefixedRecords().contains(Array("not a frame".utf8)))
            }
        }
    }
}
