import COpenSSL
import Testing

@testable import TLS

@Suite("S5: client certificates")
struct ClientCertificateTests {
    private let authority: Authority
    private let identity: Identity

    init() throws {
        authority = try Authority()
        identity = try authority.issue("DNS:broker.example.com")
    }

    private func demandingServer(_ version: Int32) throws -> ServerPeer {
        try ServerPeer(identity) { context in
            wsbridge_SSL_CTX_set_max_proto_version(context, version)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.identity.certificate)
        }
    }

    private func present(_ client: Identity) throws -> TLSConfiguration {
        try authority.trust {
            $0.certificateFile = try? authority.file("client.pem", client.certificatePEM)
            $0.keyFile = try? authority.file("client.key", client.keyPEM)
        }
    }

    @Test("S5 a missing one is named as such", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func missing(version: Int32) throws {
        let conversation = try converse(authority.trust(), with: demandingServer(version))
        #expect(conversation.error == .clientCertificateRequired(name: "broker.example.com"))
        #expect(conversation.error?.needsPerson == true)
        #expect(conversation.error?.isCertificateProblem == false)
        #expect(!conversation.isOpen)
    }

    @Test("S5 the right one is accepted", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func given(version: Int32) throws {
        let server = try demandingServer(version)
        let conversation = try converse(present(authority.issue(nil) { $0.commonName = "gateway" }), with: server)
        #expect(conversation.error == nil)
        #expect(server.isHandshakeDone)
        let seen = try #require(SSL_get0_peer_certificate(server.ssl))
        #expect(CertificateSummary(x509: seen).subject == "CN=gateway")
    }

    @Test("S5 one that the server doesn't trust is said to be ours", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func distrusted(version: Int32) throws {
        let other = try Authority("Other Authority").issue(nil)
        let conversation = try converse(present(other), with: demandingServer(version))
        #expect(conversation.error == .alert(TLSAlert(code: 48), name: "broker.example.com"))
        #expect(conversation.error?.description.contains("signed our client certificate") == true)
        #expect(conversation.error?.needsPerson == true)
    }

    @Test("the chain in cert_file is sent along")
    func chain() throws {
        let middle = try Identity(
            .init(commonName: "Middle", names: nil, isAuthority: true),
            issuer: authority.identity
        )
        let client = try Identity(.init(commonName: "gateway", names: nil), issuer: middle)
        let configuration = try authority.trust {
            $0.certificateFile = try? authority.file("chain.pem", client.certificatePEM + middle.certificatePEM)
            $0.keyFile = try? authority.file("client.key", client.keyPEM)
        }
        #expect(try converse(configuration, with: demandingServer(TLS1_3_VERSION)).error == nil)
    }

    @Test("an expired one of ours is a warning before any server says so")
    func expiredIsAWarning() throws {
        let client = try authority.issue(nil) { $0.validTo = -60 }
        let context = try TLSContext(present(client), host: "broker.example.com")
        #expect(context.warnings.count == 1)
        #expect(context.warnings.first?.contains("expired on") == true)
    }
}
