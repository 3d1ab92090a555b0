import COpenSSL
import Testing

@testable import TLS

@Suite("S5: the server's certificate")
struct VerificationTests {
    private let authority: Authority

    init() throws {
        authority = try Authority()
    }

    private func refusal(
        of identity: Identity,
        host: String = "broker.example.com",
        _ configuration: TLSConfiguration? = nil
    ) throws -> CertificateFailure? {
        let conversation = try converse(configuration ?? authority.trust(), host: host, with: ServerPeer(identity))
        #expect(conversation.recorder.completed == nil)
        #expect(!conversation.isOpen)
        #expect(!conversation.server.isHandshakeDone || conversation.server.failure != nil)
        #expect(ERR_peek_error() == 0)
        #expect(conversation.error?.needsPerson == true)
        #expect(conversation.error?.isCertificateProblem == true)
        return conversation.certificateFailure
    }

    private func isAccepted(_ identity: Identity, host: String, _ configuration: TLSConfiguration? = nil) throws -> Bool
    {
        let conversation = try converse(configuration ?? authority.trust(), host: host, with: ServerPeer(identity))
        return conversation.recorder.completed != nil && conversation.error == nil
            && conversation.server.isHandshakeDone
    }

    @Test("S5 a certificate of a trusted authority for the right name is accepted")
    func acceptsTheRightCertificate() throws {
        let identity = try authority.issue("DNS:broker.example.com")
        let server = try ServerPeer(identity) { context in
            SSL_CTX_set_alpn_select_cb(
                context,
                { _, selected, length, _, _, _ in
                    let name: StaticString = "http/1.1"
                    selected?.pointee = name.utf8Start
                    length?.pointee = UInt8(name.utf8CodeUnitCount)
                    return SSL_TLSEXT_ERR_OK
                },
                nil
            )
        }
        let conversation = try converse(authority.trust(), applicationProtocols: ["http/1.1"], with: server)
        let completed = try #require(conversation.recorder.completed)
        #expect(completed.protocolVersion == "TLSv1.3")
        #expect(completed.cipher.hasPrefix("TLS_"))
        #expect(completed.applicationProtocol == "http/1.1")
        #expect(completed.peerCertificate?.subject == "CN=leaf")
        #expect(completed.peerCertificate?.issuer == "CN=Test Authority")
        #expect(completed.peerCertificate?.names == ["DNS:broker.example.com"])
        #expect(SSL_get_current_compression(server.ssl) == nil)
        #expect(conversation.error == nil)
    }

    @Test("S5 expired: refused, with the day")
    func refusesExpired() throws {
        let identity = try authority.issue("DNS:broker.example.com") { $0.validTo = -60 }
        let failure = try #require(try refusal(of: identity))
        #expect(failure.check == .expired)
        let day = try #require(failure.certificate?.notAfter.prefix(10))
        #expect(failure.description.hasPrefix("the certificate of broker.example.com expired on \(day)"))
        #expect(failure.description.contains("subject CN=leaf, issuer CN=Test Authority"))
    }

    @Test("S5 not yet valid: refused, and asks for the clock")
    func refusesNotYetValid() throws {
        let identity = try authority.issue("DNS:broker.example.com") { $0.validFrom = 3600 }
        let failure = try #require(try refusal(of: identity))
        #expect(failure.check == .notYetValid)
        #expect(failure.description.contains("is this machine's clock right?"))
    }

    @Test("S5 an expired authority: refused, and it is named")
    func refusesExpiredAuthority() throws {
        let old = try Authority("Old Authority", validTo: -60)
        let failure = try #require(try refusal(of: old.issue("DNS:broker.example.com"), old.trust()))
        #expect(failure.check == .expired)
        #expect(failure.depth == 1)
        #expect(failure.certificate?.subject == "CN=Old Authority")
    }

    @Test("S5 another host's certificate: refused, with the names it is for")
    func refusesWrongHost() throws {
        let identity = try authority.issue("DNS:a.example.com,DNS:b.example.com")
        let failure = try #require(try refusal(of: identity))
        #expect(failure.check == .wrongName)
        #expect(
            failure.description.contains(
                "is for [DNS:a.example.com, DNS:b.example.com], not for broker.example.com: "
                    + "set tls.server_name if that is intended"
            )
        )
    }

    @Test("S5 self-signed: refused; trusted when it is the ca_file")
    func refusesSelfSigned() throws {
        let identity = try Identity(.init(commonName: "own", names: "DNS:broker.example.com"))
        #expect(try refusal(of: identity)?.check == .selfSigned)
        let own = TLSConfiguration(caFile: try authority.file("own.pem", identity.certificatePEM))
        #expect(try isAccepted(identity, host: "broker.example.com", own))
    }

    @Test("S5 unknown authority: refused, also by the system's store")
    func refusesUnknownAuthority() throws {
        let other = try Authority("Other Authority")
        let identity = try other.issue("DNS:broker.example.com")
        let failure = try #require(try refusal(of: identity))
        #expect(failure.check == .unknownAuthority)
        #expect(failure.description.contains("issuer CN=Other Authority"))
        #expect(failure.description.contains("has no certificate of it"))
        let system = try #require(try refusal(of: identity, TLSConfiguration()))
        #expect(system.check == .unknownAuthority)
        #expect(system.description.contains("set tls.ca_file"))
    }

    @Test(
        "S5 wildcards cover one whole left-most label and nothing else",
        arguments: [
            ("DNS:*.com", "example.com", false),
            ("DNS:*", "localhost", false),
            ("DNS:b*.example.com", "broker.example.com", false),
            ("DNS:*r.example.com", "broker.example.com", false),
            ("DNS:*.example.com", "a.b.example.com", false),
            ("DNS:*.example.com", "example.com", false),
            ("DNS:broker.*.com", "broker.example.com", false),
            ("DNS:*.example.com", "broker.example.com", true),
            ("DNS:BROKER.example.com", "broker.EXAMPLE.com", true),
        ]
    )
    func wildcards(names: String, host: String, isRight: Bool) throws {
        let identity = try authority.issue(names)
        if isRight {
            #expect(try isAccepted(identity, host: host))
        } else {
            #expect(try refusal(of: identity, host: host)?.check == .wrongName)
        }
    }

    @Test("S5 the CN is never looked at, with or without subjectAltName")
    func ignoresCommonName() throws {
        let bare = try authority.issue(nil) { $0.commonName = "broker.example.com" }
        let failure = try #require(try refusal(of: bare))
        #expect(failure.check == .wrongName)
        #expect(failure.description.contains("has no subjectAltName"))
        let other = try authority.issue("DNS:other.example.com") { $0.commonName = "broker.example.com" }
        #expect(try refusal(of: other)?.check == .wrongName)
    }

    @Test(
        "S5 an address is checked against the certificate's addresses alone",
        arguments: [
            ("IP:127.0.0.1", "127.0.0.1", true),
            ("IP:::1", "::1", true),
            ("IP:::1", "[::1]", true),
            ("IP:fe80::1", "fe80::1%eth0", true),
            ("IP:127.0.0.2", "127.0.0.1", false),
            ("DNS:127.0.0.1", "127.0.0.1", false),
            ("DNS:localhost", "127.0.0.1", false),
            ("IP:127.0.0.1", "localhost", false),
        ]
    )
    func addresses(names: String, host: String, isRight: Bool) throws {
        let identity = try authority.issue(names)
        if isRight {
            #expect(try isAccepted(identity, host: host))
        } else {
            #expect(try refusal(of: identity, host: host)?.check == .wrongName)
        }
    }

    @Test("S5 server_name takes the host's place")
    func serverNameIsVerified() throws {
        let identity = try authority.issue("DNS:inner.example.com")
        let configuration = try authority.trust { $0.serverName = "inner.example.com" }
        let server = try ServerPeer(identity)
        let conversation = try converse(configuration, host: "10.0.0.1", with: server)
        #expect(conversation.error == nil)
        #expect(server.serverName == "inner.example.com")
        #expect(try refusal(of: authority.issue("IP:10.0.0.1"), host: "10.0.0.1", configuration)?.check == .wrongName)
    }

    @Test("S5 a client's certificate doesn't serve")
    func refusesOtherPurpose() throws {
        let identity = try authority.issue("DNS:broker.example.com") { $0.usage = "clientAuth" }
        #expect(try refusal(of: identity)?.check == .purpose)
    }

    @Test("S5 a key of 1024 bits is too weak")
    func refusesWeakKey() throws {
        let identity = try authority.issue("DNS:broker.example.com") { $0.key = .rsa(bits: 1024) }
        let failure = try #require(try refusal(of: identity))
        #expect(failure.check == .weak("EE certificate key too weak"))
    }

    @Test("an intermediate authority is found when the server sends it, or when it is the ca_file")
    func intermediates() throws {
        let middle = try Identity(
            .init(commonName: "Middle", names: nil, isAuthority: true),
            issuer: authority.identity
        )
        let leaf = try Identity(.init(commonName: "leaf", names: "DNS:broker.example.com"), issuer: middle)
        #expect(try refusal(of: leaf)?.check == .unknownAuthority)
        let complete = try converse(authority.trust(), with: ServerPeer(leaf, chain: [middle]))
        #expect(complete.error == nil)
        let file = try authority.file("middle.pem", middle.certificatePEM)
        #expect(try isAccepted(leaf, host: "broker.example.com", TLSConfiguration(caFile: file)))
    }

    @Test("S10 hostile text in a certificate stays on one line and harmless")
    func escapesHostileText() throws {
        let identity = try authority.issue("DNS:evil.example.com") {
            $0.commonName = "a\u{1b}[31m\r\nERROR: forged\u{202e}\u{2028}"
        }
        let text = try #require(try refusal(of: identity)).description
        #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(!text.contains("\u{202e}"))
        #expect(!text.contains("\u{2028}"))
        #expect(text.contains("forged"))
    }
}
