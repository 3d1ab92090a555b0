import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TLS
import TestSupport
import Testing

@testable import WSClient

/// A client against a server on real sockets.
struct RealServerTests {
    @Test func messagesGoBothWaysWholeAndInOrder() async throws {
        try await withWebSocketServer(.init(echoes: true)) { server in
            try await withClient(server.url + "/feed") { client in
                try await server.waitForEstablished()
                let texts = (0..<500).map { "\($0) " + String(repeating: "x", count: $0 * 7 % 3000) }
                for text in texts { try await client.send(text) }
                try await eventually("all echoes") { client.texts.count == texts.count }
                #expect(client.texts == texts)
                #expect(server.texts == texts)
                #expect(server.violations == [])
                #expect(server.clients.first?.target == "/feed")
            }
        }
    }

    @Test func fragmentsAndSixteenMebibytesArriveWhole() async throws {
        try await withWebSocketServer { server in
            try await withClient(server.url) { client in
                try await server.waitForEstablished()
                let large = [UInt8](repeating: 0x5A, count: 16 << 20)
                try await server.send(.fragments([[0x61], [], [0x62, 0x63]], isText: true), .binary(large), .text(""))
                try await eventually("three messages") { client.sizes.count == 3 }
                #expect(client.sizes == [3, 16 << 20, 0])
                #expect(client.texts.first == "abc")
            }
        }
    }

    @Test func comesBackAfterEachLoss() async throws {
        try await withWebSocketServer { server in
            try await withClient(server.url) { _ in
                for count in 1...4 {
                    try await eventually("connection \(count)") {
                        server.acceptedCount == count && server.establishedCount == 1
                    }
                    await server.dropAll()
                }
            }
        }
    }

    @Test func aServerThatAnswersAndLeavesAtOnceLosesNoMessage() async throws {
        let farewell = TestWebSocketServer.Script(
            onEstablished: [.text("one"), .text("two"), .close(code: 1001, reason: "bye"), .endTCP])
        try await withWebSocketServer(farewell) { server in
            try await withClient(server.url, { $0.autoReconnect = false }) { client in
                try await eventually("the end") { client.end != nil }
                #expect(client.texts == ["one", "two"])
                #expect(client.end?.closeCode == .goingAway)
            }
        }
    }

    @Test(
        arguments: [
            (TestWebSocketServer.Handshake.closeTCP, "", "backoff"),
            (.raw(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), closes: false), "the server doesn't speak HTTP", "backoff"),
            (.raw([], closes: true), "server closed the connection during the WebSocket handshake", "backoff"),
            (.refuse(status: 404), "server answered 404 Not Found; look at the URL's path", "fault"),
            (
                .refuse(status: 503, headers: [("Retry-After", "7")]),
                "server answered 503 Service Unavailable, retry after 7 s", "backoff"
            ),
            (
                .accept(headers: [("Sec-WebSocket-Protocol", "other")]),
                "server chose the subprotocol \"other\", which was not offered", "fault"
            ),
            (
                .accept(headers: [("Sec-WebSocket-Extensions", "permessage-deflate")]),
                "server uses the extension \"permessage-deflate\", which was not offered", "fault"
            ),
            (.silent, "no answer to the WebSocket handshake from 127.0.0.1:PORT within 100 ms", "backoff"),
        ]
    )
    func saysPlainlyWhatFailed(handshake: TestWebSocketServer.Handshake, reason: String, state: String) async throws {
        try await withWebSocketServer(.init(handshake)) { server in
            let change: @Sendable (inout WebSocketClientConfiguration) -> Void = {
                $0.subprotocols = ["feed.v1"]
                if case .silent = handshake { $0.connectTimeout = .milliseconds(100) }
                $0.reconnect.initialDelay = .seconds(60)
            }
            try await withClient(server.url, change) { client in
                let status = try await eventualValue(of: "a failure") {
                    client.status.flatMap { $0.state == .backoff || $0.state == .fault ? $0 : nil }
                }
                #expect(status.state.rawValue == state)
                // A TCP connection that ends at once may look like a reset.
                guard !reason.isEmpty else { return }
                #expect(status.reason == reason.replacing("PORT", with: "\(server.port)"))
            }
        }
    }

    @Test func nobodyThereIsSaidPlainly() async throws {
        let port = freePort()
        try await withClient("ws://127.0.0.1:\(port)/", { $0.reconnect.initialDelay = .seconds(60) }) { client in
            try await eventually("a failure") { client.status?.state == .backoff }
            #expect(client.status?.reason == "connection refused by 127.0.0.1:\(port)")
        }
        try await withClient("ws://localhost:\(port)/", { $0.reconnect.initialDelay = .seconds(60) }) { client in
            try await eventually("a failure") { client.status?.state == .backoff }
            #expect(client.status?.reason == "connection refused by localhost:\(port)")
        }
    }

    @Test func anUnknownNameIsSaidPlainly() async throws {
        try await withClient("ws://no-such-host.invalid/", { $0.reconnect.initialDelay = .seconds(60) }) { client in
            try await eventually("a failure") { client.status?.state == .backoff }
            #expect(client.status?.reason?.contains("no-such-host.invalid") == true)
        }
    }

    @Test func aPausedClientHoldsTheServerUpAndLosesNothing() async throws {
        try await withWebSocketServer { server in
            try await withClient(server.url) { client in
                try await server.waitForEstablished()
                try await client.perform { $0.pauseReading() }
                let message = String(repeating: "x", count: 64 << 10)
                async let sending: Void = server.send((0..<400).map { _ in .text(message) })
                try await eventually("full sockets") { server.clients.first?.channel.isWritable == false }
                #expect(client.sizes.isEmpty)
                try await client.perform { $0.resumeReading() }
                try await sending
                try await eventually("all messages") { client.sizes.count == 400 }
            }
        }
    }

    @Test func aServerThatDoesNotReadMakesSendRefuse() async throws {
        try await withWebSocketServer { server in
            try await withClient(server.url, { $0.outboundLimit = 256 << 10 }) { client in
                try await server.waitForEstablished()
                try await server.pauseReading()
                let text = String(repeating: "y", count: 64 << 10)
                var taken = 0
                try await eventually("a refusal") {
                    guard try await client.offer(text) else { return true }
                    taken += 1
                    return false
                }
                #expect(client.writableCount == 0)
                try await server.resumeReading()
                try await eventually("room") { client.writableCount == 1 }
                try await server.waitForMessages(taken)
                #expect(server.messageCount == taken)
            }
        }
    }

    @Test func shutdownClosesWith1001() async throws {
        try await withWebSocketServer { server in
            try await withClient(server.url) { _ in try await server.waitForEstablished() }
            try await eventually("the close frame") { server.clients.first?.closeCode == 1001 }
        }
    }

    @Test func wssVerifiesTheServerAndEstablishes() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server", names: ["DNS:localhost"])
            try await withWebSocketServer(.init(echoes: true)) { server in
                try await withTLSRelay(to: server.port, certificate: certificate) { relay in
                    let trusting: @Sendable (inout WebSocketClientConfiguration) -> Void = {
                        $0.tls = TLSConfiguration(caFile: authority.certificate.certificateFile)
                    }
                    try await withClient("wss://localhost:\(relay.port)/", trusting) { client in
                        try await server.waitForEstablished()
                        let text = String(repeating: "z", count: 1 << 20)
                        try await client.send(text)
                        try await eventually("the echo") { client.texts == [text] }
                    }
                    try await withClient("wss://localhost:\(relay.port)/") { client in
                        try await eventually("a failure") { client.status?.state == .fault }
                        #expect(client.status?.reason?.contains("localhost") == true)
                    }
                }
            }
        }
    }
}
