import Foundation
import TestSupport
import Testing

/// What users of a show controller's WebSocket client know, row by row.
struct AncestorTableTests {
    @Test("row: Hostname, Path, Protocol, Port")
    func hostnamePathProtocolAndPortReachTheServer() async throws {
        try await withSite(yaml: { parts in
            """
            instance: test
            connections:
              cloud:
                hostname: 127.0.0.1
                path: /v1/feed?site=12
                protocol: ws
                port: \(parts.server.port)
            mqtt:
              local: { url: "\(parts.broker.url)" }
            """
        }) { site in
            try await site.event("established")
            let client = try #require(site.server.clients.first)
            #expect(client.method == "GET")
            #expect(client.target == "/v1/feed?site=12")
            #expect(client.header("Host") == "127.0.0.1:\(site.server.port)")
        }
    }

    @Test("row: Hostname with a scheme in it is an error that says what to write instead")
    func aSchemeInTheHostnameIsAnError() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("wsbridge.yaml")
            try "connections:\n  cloud:\n    hostname: wss://stream.example.com\n"
                .write(to: file, atomically: true, encoding: .utf8)
            let finished = try await run(
                Executables.wsbridge,
                ["check", "-c", file.path],
                environment: gatewayEnvironment(directory)
            )
            #expect(finished.status == .exited(78))
            #expect(finished.errors.contains("\(file.path):3:15: "))
            #expect(finished.errors.contains("hostname: stream.example.com"))
            #expect(finished.errors.contains("protocol: wss"))
        }
    }

    @Test("row: Send keep alive? - pings at the interval, none when it is off")
    func keepAliveCanBeDisabled() async throws {
        try await withSite(yaml: { parts in
            parts.standard(
                connection: "keep_alive: { interval: 50ms, timeout: 1m }",
                further: """
                    quiet:
                      url: \(parts.server.url)/quiet
                      send_keep_alive: false
                      keep_alive: { interval: 50ms, timeout: 100ms }
                    """
            )
        }) { site in
            try await site.event("established")
            try await site.event("established", of: "quiet")
            try await eventually("ten pings") { site.server.pingCount >= 10 }
            // One connection's pings are the clock for the other's silence.
            #expect(site.server.pings(from: "/quiet") == 0)
            #expect(site.server.pings(from: "/feed") >= 10)
            #expect(try site.events(of: "quiet").map(\.name) == ["connected", "established"])
        }
    }

    @Test("row: Send keep alive? - a server that answers no ping is left and tried again")
    func aMissingPongEndsTheConnection() async throws {
        try await withSite(
            .init(answersPings: false),
            yaml: { $0.standard(connection: "keep_alive: { interval: 100ms, timeout: 200ms }") }
        ) { site in
            let event = try await site.event("disconnected")
            #expect(event.wasEstablished == true)
            #expect(event.reason?.isEmpty == false)
            try await site.event("established", number: 2)
        }
    }

    @Test("row: Auto-Reconnect")
    func reconnectsAfterTheServerDropsTheConnection() async throws {
        try await withEstablishedSite { site in
            await site.server.dropAll()
            let event = try await site.event("disconnected")
            #expect(event.closeCode == 1006)
            try await site.event("established", number: 2)
            #expect(site.server.acceptedCount == 2)
        }
    }

    @Test("row: Auto-Reconnect switched off")
    func staysDisconnectedWithoutAutoReconnect() async throws {
        try await withEstablishedSite(connection: "auto_reconnect: false") { site in
            await site.server.dropAll()
            try await site.connectionStatus("disconnected, no next attempt") {
                $0.state == "disconnected" && $0.next_attempt == nil
            }
            #expect(site.states().last == "disconnected")
            // Until somebody asks for it.
            try await site.command("connect")
            try await site.event("established", number: 2)
        }
    }

    @Test("row: Auto-Reconnect does not hammer on fatal errors")
    func aFatalErrorIsNotRepeatedQuickly() async throws {
        try await withWebSocketServer(.init(.closeTCP)) { busy in
            try await withSite(
                .init(.refuse(status: 404)),
                yaml: { parts in
                    parts.standard(
                        further: """
                            busy:
                              url: \(busy.url)
                              reconnect: { initial_delay: 20ms, max_delay: 20ms }
                            """
                    )
                }
            ) { site in
                let status = try await site.connectionStatus("fault") { $0.state == "fault" }
                #expect(status.reason?.contains("404") == true)
                // Twenty attempts on the other connection are the clock.
                let start = busy.acceptedCount
                try await eventually("twenty attempts elsewhere") { busy.acceptedCount >= start + 20 }
                #expect(site.server.acceptedCount == 1)
            }
        }
    }

    @Test("row: Extended Logging, Log Comms")
    func logsFramesOfTheConnectionThatAsksForIt() async throws {
        try await withEstablishedSite(connection: "extended_logging: true\nlog_comms: true") { site in
            try await site.server.send("a message to be seen in the log")
            _ = try await site.gateway.log.line("the received frame") {
                $0.contains("a message to be seen in the log") && $0.contains("cloud")
            }
            try await site.command("send", "and one that goes out")
            _ = try await site.gateway.log.line("the sent frame") { $0.contains("and one that goes out") }
        }
        try await withEstablishedSite { site in
            try await site.server.send("a message that nobody logs")
            try await site.gateway.status("it arrived") { $0.connections["cloud"]?.received == 1 }
            #expect(!site.gateway.log.text.contains("a message that nobody logs"))
        }
    }

    @Test("row: Extended Logging, Log Comms - switched while it runs")
    func logCommsCanBeSwitchedOn() async throws {
        try await withEstablishedSite { site in
            try await site.server.send("a message before the switch")
            try await site.gateway.status("it arrived") { $0.connections["cloud"]?.received == 1 }
            #expect(try await site.gateway.command("log", "cloud", "--log-comms", "on").status == .exited(0))
            try await site.server.send("a message after the switch")
            _ = try await site.gateway.log.line(containing: "a message after the switch")
            #expect(!site.gateway.log.text.contains("a message before the switch"))
        }
    }

    @Test("row: Connection Status, Last Sent, Last Received, each with a timestamp")
    func statusVariablesArePublished() async throws {
        try await withEstablishedSite { site in
            let status = try await site.connectionStatus("established") { $0.state == "established" }
            #expect(status.tcp && status.websocket)
            #expect(isTimestamp(status.since))

            try await site.server.send("from the feed")
            try await site.command("send", "to the feed")
            for (topic, text) in [("last_received", "from the feed"), ("last_sent", "to the feed")] {
                let message = try await site.mqtt.message(on: "\(Site.base)/cloud/\(topic)") { $0.text.contains(text) }
                let last = try LastMessage(message.payload)
                #expect(last.message == text)
                #expect(last.kind == "text")
                #expect(last.bytes == text.utf8.count)
                #expect(isTimestamp(last.at))
            }
            let shown = try await site.gateway.command("status")
            #expect(shown.status == .exited(0))
            #expect(shown.output.contains("cloud"))
            #expect(shown.output.contains("established"))
        }
    }

    @Test("row: Triggers - connected, established, disconnected")
    func triggersArriveInOrder() async throws {
        try await withEstablishedSite { site in
            try await site.server.send(.close(code: 4001, reason: "closing time"))
            try await site.event("established", number: 2)
            let events = try site.events()
            #expect(events.map(\.name) == ["connected", "established", "disconnected", "connected", "established"])
            #expect(events.map(\.sequence) == [1, 2, 3, 4, 5])
            #expect(events.allSatisfy { $0.connection == "cloud" && isTimestamp($0.at) })
            #expect(events[2].closeCode == 4001)
            #expect(events[2].wasEstablished == true)
            #expect(events[2].reason?.contains("closing time") == true)
        }
    }

    @Test("row: Messages Received - Match String contains, blank is all, no wildcards")
    func matchStringsSelectMessages() async throws {
        try await withEstablishedSite(routes: { _ in
            """
            all:     { from: cloud, to: { mqtt: local, topic: all, qos: 1 } }
            blank:   { from: cloud, match: "", to: { mqtt: local, topic: blank, qos: 1 } }
            trades:  { from: cloud, match: '"type":"trade"', to: { mqtt: local, topic: trades, qos: 1 } }
            stars:   { from: cloud, match: "a*b", to: { mqtt: local, topic: stars, qos: 1 } }
            """
        }) { site in
            let messages = [#"{"type":"trade"}"#, #"{"type":"quote"}"#, "a*b", "axxb", "last"]
            for message in messages { try await site.server.send(message) }
            for topic in ["all", "blank"] {
                _ = try await site.mqtt.message(on: topic) { $0.text == "last" }
                #expect(site.mqtt.messages.filter { $0.topic == topic }.map(\.text) == messages)
            }
            #expect(site.mqtt.messages.filter { $0.topic == "trades" }.map(\.text) == [messages[0]])
            #expect(site.mqtt.messages.filter { $0.topic == "stars" }.map(\.text) == ["a*b"])
            let stats = try await site.stopAndTakeStats()
            #expect(stats.routes["trades"]?.matched == 1)
            #expect(stats.routes["trades"]?.unmatched == 4)
        }
    }

    @Test("row: Messages never concatenated under high traffic")
    func oneMessageStaysOneMessageEverywhere() async throws {
        try await withUDPReceiver { receiver in
            try await withEstablishedSite(routes: { parts in
                """
                everywhere:
                  from: cloud
                  to:
                    - { mqtt: local, topic: out, qos: 1 }
                    - { udp: "127.0.0.1:\(receiver.port)" }
                    - { fifo: "\(parts.path("out.fifo"))" }
                """
            }) { site in
                try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                    // One write, so one TCP segment holds dozens of them.
                    let messages = (0..<400).map { "message \($0)" }
                    for start in stride(from: 0, to: messages.count, by: 100) {
                        try await site.server.send(messages[start..<start + 100].map { .text($0) })
                        try await receiver.waitForDatagrams(start + 100)
                    }
                    try await eventually("all lines") { reader.lines.count >= messages.count }
                    try await eventually("all publishes") {
                        site.count(on: "out") >= messages.count
                    }
                    #expect(receiver.texts == messages)
                    #expect(reader.lines == messages)
                    #expect(site.mqtt.messages.filter { $0.topic == "out" }.map(\.text) == messages)
                }
            }
        }
    }

    @Test("row: Actions - Connect with a bearer token, which appears in no log and no topic")
    func connectTakesABearerToken() async throws {
        try await withSite(yaml: {
            $0.standard(connection: "auto_connect: false\nlog_comms: true\nextended_logging: true")
        }) { site in
            _ = try await site.mqtt.message(on: "\(Site.base)/cloud/state") { $0.text == "disconnected" }
            #expect(site.server.acceptedCount == 0)
            try await site.command("connect", #"{"bearer_token": "very-secret-7391"}"#)
            try await site.event("established")
            #expect(site.server.clients.first?.header("Authorization") == "Bearer very-secret-7391")
            try await site.gateway.stop()
            #expect(!site.gateway.log.text.contains("very-secret-7391"))
            #expect(
                site.mqtt.messages.allSatisfy {
                    $0.topic.contains("/command/") || !$0.text.contains("very-secret-7391")
                }
            )
        }
    }

    @Test("row: Actions - Disconnect holds until the next Connect")
    func disconnectHolds() async throws {
        try await withEstablishedSite { site in
            try await site.command("disconnect")
            let event = try await site.event("disconnected")
            #expect(event.wasEstablished == true)
            try await eventually("the server's end") { site.server.clients[0].isClosed }
            #expect(site.server.clients[0].closeCode == 1000)
            try await site.connectionStatus("disconnected, no next attempt") {
                $0.state == "disconnected" && $0.next_attempt == nil
            }
            #expect(site.server.acceptedCount == 1)
            try await site.command("connect")
            try await site.event("established", number: 2)
        }
    }

    @Test("row: Actions - Send Message, an error in the log if not established")
    func sendNeedsAnEstablishedConnection() async throws {
        try await withEstablishedSite(connection: "auto_reconnect: false") { site in
            try await site.command("send", "hello")
            try await site.server.waitForMessages(1)
            #expect(site.server.messages.map(\.text) == ["hello"])
            #expect(site.server.messages[0].isText)

            try await site.command("disconnect")
            try await site.event("disconnected")
            let logged = site.gateway.log.lines.count
            try await site.command("send", "too late")
            _ = try await site.gateway.log.line("an error about the send", after: logged) {
                $0.lowercased().contains("error") && $0.contains("cloud")
            }
            try await site.gateway.status("the rejected send") {
                $0.connections["cloud"]?.rejected["not_established"] == 1
            }
            #expect(site.server.messageCount == 1)
        }
    }

    @Test("row: Actions - wsbridge connect, disconnect, send")
    func theCommandLineDoesTheSame() async throws {
        try await withEstablishedSite { site in
            #expect(try await site.gateway.command("send", "cloud", "from a shell").status == .exited(0))
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == ["from a shell"])

            #expect(try await site.gateway.command("disconnect", "cloud").status == .exited(0))
            try await site.event("disconnected")
            #expect(try await site.gateway.command("send", "cloud", "too late").status == .exited(75))

            #expect(try await site.gateway.command("connect", "cloud").status == .exited(0))
            try await site.event("established", number: 2)
        }
    }
}

/// `last_sent` and `last_received`.
struct LastMessage: Decodable {
    var message: String
    var kind: String
    var bytes: Int
    var at: String
    var encoding: String?

    init(_ json: [UInt8]) throws { self = try JSONDecoder().decode(LastMessage.self, from: Data(json)) }
}

extension TestWebSocketServer {
    /// How many pings came from clients that asked for this path.
    func pings(from path: String) -> Int {
        clients.filter { $0.target == path }.reduce(0) { $0 + $1.pingCount }
    }
}
