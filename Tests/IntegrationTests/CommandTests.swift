import Foundation
import TestSupport
import Testing

/// Commands over MQTT beyond their plain use, and those that must do nothing.
struct CommandTests {
    @Test func retainedCommandsAreIgnoredAndLogged() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTClient(of: broker) { early in
                try await early.publish("\(Site.base)/cloud/command/disconnect", "", retain: true)
                try await early.publish("\(Site.base)/cloud/command/send", "ghost", retain: true)
            }
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    try await withGateway(parts.standard(), in: directory) { gateway in
                        try await server.waitForEstablished()
                        _ = try await gateway.log.line("a line about the retained command") {
                            $0.contains("retained") && $0.contains("cloud")
                        }
                        try await gateway.status("it is counted") {
                            $0.connections["cloud"]?.rejected["retained_command"] ?? 0 >= 1
                        }
                        // A live one afterwards works, and was not preceded by the ghost.
                        try await withMQTTClient(of: broker) {
                            try await $0.publish("\(Site.base)/cloud/command/send", "live")
                        }
                        try await server.waitForMessages(1)
                        #expect(server.texts == ["live"])
                        #expect(server.acceptedCount == 1)
                    }
                }
            }
        }
    }

    @Test func malformedCommandsDoNothingButALine() async throws {
        try await withEstablishedSite { site in
            for payload in ["{not json", "[1]", #"{"bearer_token": 5}"#, "\u{0}"] {
                let before = site.gateway.log.lines.count
                try await site.command("connect", payload)
                _ = try await site.gateway.log.line("a line about \(payload)", after: before) { $0.contains("cloud") }
            }
            try await site.command("send", "still here")
            try await site.server.waitForMessages(1)
            #expect(site.server.acceptedCount == 1)
        }
    }

    @Test func commandsToUnknownConnectionsAreLogged() async throws {
        try await withEstablishedSite { site in
            try await site.command("send", "hello", to: "nobody")
            _ = try await site.gateway.log.line(containing: "nobody")
            try await site.command("explode", "now")
            try await site.command("send", "still here")
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == ["still here"])
        }
    }

    @Test func connectWhileEstablishedDoesNothingUnlessTheTokenIsAnother() async throws {
        try await withEstablishedSite { site in
            try await site.command("connect")
            try await site.command("connect", #"{"bearer_token": "first"}"#)
            try await site.event("established", number: 2)
            #expect(site.server.acceptedCount == 2)
            #expect(site.server.clients[1].header("Authorization") == "Bearer first")
            try await site.command("connect", #"{"bearer_token": "first"}"#)
            // The token holds over reconnects.
            await site.server.dropAll()
            try await site.event("established", number: 3)
            #expect(site.server.acceptedCount == 3)
            #expect(site.server.clients[2].header("Authorization") == "Bearer first")
        }
    }

    @Test func disconnectEndsAnAttemptAndABackoff() async throws {
        try await withSite(.init(.silent), yaml: { $0.standard() }) { site in
            try await eventually("an attempt") { site.server.acceptedCount >= 1 }
            try await site.command("disconnect")
            _ = try await site.mqtt.message(on: "\(Site.base)/cloud/state") { $0.text == "disconnected" }
            try await eventually("the attempt's end") { site.server.clients[0].isClosed }
            site.server.script = .init(.refuse(status: 503, headers: [("Retry-After", "3600")]))
            try await site.command("connect")
            try await site.connectionStatus("backoff") { $0.state == "backoff" && $0.next_attempt != nil }
            site.server.script = .init()
            // A person's wish doesn't wait for the hour to pass.
            try await site.command("connect")
            try await site.event("established")
        }
    }
}
