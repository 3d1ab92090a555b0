import NIOConcurrencyHelpers
package import NIOCore
import NIOHTTP1
import NIOWebSocket

extension TestWebSocketServer {
    /// A data message from a client.
    package struct Message: Sendable, Equatable {
        /// The client's place in `clients`.
        package var client: Int
        package var isText: Bool
        package var payload: [UInt8]
        package var frameCount: Int

        package var text: String { String(decoding: payload, as: UTF8.self) }
    }

    /// One TCP connection and what became of it.
    package struct Client: Sendable {
        package let channel: any Channel
        /// The request line's method, target and the headers, once they arrived.
        package var method: String?
        package var target: String?
        package var headers: [(name: String, value: String)] = []
        /// The handshake is done and neither side has closed.
        package var isEstablished = false
        package var isClosed = false
        /// How many pings it sent.
        package var pingCount = 0
        /// The code of the close frame that the client sent; 1005 where it held none.
        package var closeCode: UInt16?
        package var closeReason: String?

        /// The value of a header of the handshake, whatever its name's case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// Sends in order; returns when the kernel has taken it all.
        package func send(_ sendings: [Sending]) async throws {
            let channel = self.channel
            try await channel.eventLoop.flatSubmit {
                ServerFrameHandler.send(sendings, on: channel)
            }.get()
        }
    }
}

/// What a server's event loop writes and tests read.
final class ServerRecord: Sendable {
    struct State {
        var script: TestWebSocketServer.Script
        var nextScripts: [TestWebSocketServer.Script] = []
        var clients: [TestWebSocketServer.Client] = []
        var messages: [TestWebSocketServer.Message] = []
        var pongs: [[UInt8]] = []
        var violations: [String] = []
    }

    let state: NIOLockedValueBox<State>

    init(script: TestWebSocketServer.Script) { state = NIOLockedValueBox(State(script: script)) }

    func accepted(_ channel: any Channel) -> (client: Int, script: TestWebSocketServer.Script) {
        state.withLockedValue { state in
            state.clients.append(.init(channel: channel))
            let script = state.nextScripts.isEmpty ? state.script : state.nextScripts.removeFirst()
            return (state.clients.count - 1, script)
        }
    }

    func received(_ head: HTTPRequestHead, from client: Int) {
        state.withLockedValue { state in
            state.clients[client].method = head.method.rawValue
            state.clients[client].target = head.uri
            state.clients[client].headers = head.headers.map { ($0.name, $0.value) }
        }
    }

    func established(_ client: Int) { state.withLockedValue { $0.clients[client].isEstablished = true } }

    func received(_ message: TestWebSocketServer.Message) { state.withLockedValue { $0.messages.append(message) } }

    func receivedPing(from client: Int) { state.withLockedValue { $0.clients[client].pingCount += 1 } }

    func receivedPong(_ payload: [UInt8]) { state.withLockedValue { $0.pongs.append(payload) } }

    func receivedClose(_ code: UInt16, _ reason: String, from client: Int) {
        state.withLockedValue { state in
            state.clients[client].closeCode = code
            state.clients[client].closeReason = reason
            state.clients[client].isEstablished = false
        }
    }

    func violation(_ what: String) { state.withLockedValue { $0.violations.append(what) } }

    func closed(_ client: Int) {
        state.withLockedValue { state in
            state.clients[client].isEstablished = false
            state.clients[client].isClosed = true
        }
    }
}
