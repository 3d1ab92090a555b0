import COpenSSL
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import TLS

@Suite("S5: the handshake")
struct HandshakeTests {
    private let authority: Authority
    private let identity: Identity

    init() throws {
        authority = try Authority()
        identity = try authority.issue("DNS:broker.example.com,IP:127.0.0.1")
    }

    private func server(
        upTo version: Int32 = TLS1_3_VERSION,
        _ configure: (OpaquePointer) -> Void = { _ in }
    ) throws -> ServerPeer {
        try ServerPeer(identity) { context in
            wsbridge_SSL_CTX_set_max_proto_version(context, version)
            configure(context)
        }
    }

    @Test("S5 a server of TLS 1.1 or 1.0 is refused", arguments: [TLS1_1_VERSION, TLS1_VERSION])
    func refusesOldVersions(version: Int32) throws {
        let conversation = try converse(authority.trust(), with: server(upTo: version))
        #expect(conversation.error == .protocolVersion(minimum: .tls12, name: "broker.example.com"))
        #expect(conversation.error?.description.contains("offers only TLS 1.1 or older") == true)
        #expect(conversation.recorder.completed == nil)
        #expect(!conversation.isOpen)
    }

    @Test("S5 min_version 1.3 refuses a server of TLS 1.2, which is else accepted")
    func minimumVersion() throws {
        let strict = try authority.trust { $0.minimumVersion = .tls13 }
        let refused = try converse(strict, with: server(upTo: TLS1_2_VERSION))
        #expect(refused.error == .protocolVersion(minimum: .tls13, name: "broker.example.com"))
        let accepted = try converse(authority.trust(), with: server(upTo: TLS1_2_VERSION))
        #expect(accepted.recorder.completed?.protocolVersion == "TLSv1.2")
    }

    @Test("S5 a server without forward secrecy is refused")
    func refusesKeyTransport() throws {
        let key = try authority.issue("DNS:broker.example.com") { $0.key = .rsa(bits: 2048) }
        let peer = try ServerPeer(key) { context in
            wsbridge_SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION)
            SSL_CTX_set_cipher_list(context, "kRSA")
        }
        let conversation = try converse(authority.trust(), with: peer)
        #expect(conversation.error == .alert(TLSAlert(code: 40), name: "broker.example.com"))
        #expect(conversation.error?.description.contains("no cipher suite in common") == true)
    }

    @Test("S5 renegotiation is refused")
    func refusesRenegotiation() throws {
        let peer = try server(upTo: TLS1_2_VERSION)
        let conversation = try converse(authority.trust(), with: peer)
        #expect(conversation.recorder.completed != nil)
        SSL_renegotiate(peer.ssl)
        SSL_do_handshake(peer.ssl)
        conversation.pump()
        #expect(peer.failure == "no renegotiation")
    }

    @Test("S5 SNI carries the host, and no address")
    func serverNameIndication() throws {
        let named = try server()
        _ = try converse(authority.trust(), host: "broker.example.com.", with: named)
        #expect(named.serverName == "broker.example.com")
        let addressed = try server()
        let conversation = try converse(authority.trust(), host: "127.0.0.1", with: addressed)
        #expect(conversation.error == nil)
        #expect(addressed.serverName == nil)
    }

    @Test("a plain-text service is recognised", arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail ESMTP\r\n"])
    func plainTextService(greeting: String) throws {
        let conversation = try silentServer()
        conversation.deliver(Array(greeting.utf8))
        #expect(conversation.error == .notTLS(name: "broker.example.com"))
        #expect(conversation.error?.needsPerson == false)
        #expect(!conversation.isOpen)
    }

    @Test("a connection that ends in the handshake is an error of its own")
    func closedInHandshake() throws {
        let conversation = try silentServer()
        conversation.channel.pipeline.fireChannelInactive()
        #expect(conversation.error == .closedInHandshake(name: "broker.example.com"))
        #expect(conversation.recorder.errors.count == 1)
        #expect(conversation.recorder.isInactive)
    }

    @Test("random bytes for an answer never crash and always end in an error")
    func randomAnswers() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let conversation = try silentServer()
            var answer = (0..<Int(random.next() % 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            // Half of them look like a record of the handshake.
            if random.next() % 2 == 0 { answer = [22, 3, 3, 0, UInt8(answer.count)] + answer }
            conversation.deliver(answer)
            conversation.channel.pipeline.fireChannelInactive()
            #expect(conversation.recorder.errors.count == 1)
            #expect(conversation.recorder.completed == nil)
            #expect(ERR_peek_error() == 0)
        }
    }

    /// A conversation in which the server says nothing by itself.
    private func silentServer() throws -> Conversation {
        let conversation = try Conversation(
            TLSContext(authority.trust(), host: "broker.example.com"),
            server: server(),
            isPumped: false
        )
        #expect(!conversation.takeFromClient().isEmpty)
        return conversation
    }

    @Test(
        "the handshake works in pieces of one byte",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION]
    )
    func handshakeByteByByte(version: Int32) throws {
        let conversation = try Conversation(
            TLSContext(authority.trust(), host: "broker.example.com"),
            server: server(upTo: version),
            isPumped: false
        )
        conversation.pieceSize = { 1 }
        conversation.pump()
        #expect(conversation.recorder.completed != nil)
    }

    @Test("an alert of the server is named in words")
    func alertsAreNamed() throws {
        let conversation = try silentServer()
        conversation.deliver([21, 3, 3, 0, 2, 2, 112])
        #expect(conversation.error == .alert(TLSAlert(code: 112), name: "broker.example.com"))
        #expect(conversation.error?.description.contains("unrecognized_name") == true)
        #expect(TLSAlert(code: 201).description == "alert 201")
    }
}
