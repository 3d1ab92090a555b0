import Testing

@testable import TLS

@Suite("S5: pins")
struct PinTests {
    private let authority: Authority
    private let identity: Identity
    private let pin: [UInt8]

    init() throws {
        authority = try Authority()
        identity = try authority.issue("DNS:broker.example.com")
        pin = CertificateSummary(x509: identity.certificate).pin
    }

    @Test("S5 any pin of the list will do")
    func acceptsAnyOfThePins() throws {
        let configuration = try authority.trust { $0.pinnedSHA256 = [Array(repeating: 7, count: 32), pin] }
        #expect(try converse(configuration, with: ServerPeer(identity)).recorder.completed?.peerCertificate?.pin == pin)
    }

    @Test("S5 a trusted certificate of another key is refused, with its pin")
    func refusesAnotherKey() throws {
        let configuration = try authority.trust { $0.pinnedSHA256 = [Array(repeating: 7, count: 32)] }
        let conversation = try converse(configuration, with: ServerPeer(identity))
        let failure = try #require(conversation.certificateFailure)
        #expect(failure.check == .pin)
        #expect(failure.description.contains("its pin is \(Base64.encode(pin))"))
        #expect(conversation.error?.needsPerson == true)
    }

    @Test("S5 a pin comes on top of verification, it doesn't replace it")
    func pinDoesNotReplaceVerification() throws {
        let configuration = try authority.trust { $0.pinnedSHA256 = [pin] }
        let conversation = try converse(configuration, host: "other.example.com", with: ServerPeer(identity))
        #expect(conversation.certificateFailure?.check == .wrongName)
    }

    @Test("S5 insecure accepts what would be refused, and warns")
    func insecureAcceptsAnything() throws {
        let context = try TLSContext(TLSConfiguration(insecure: true), host: "other.example.com")
        #expect(context.isInsecure)
        #expect(context.warnings.count == 1)
        #expect(context.warnings[0].contains("other.example.com is not verified"))
        let conversation = try Conversation(context, server: ServerPeer(identity))
        #expect(conversation.recorder.completed != nil)
    }

    @Test("S5 insecure doesn't switch pins off")
    func insecureStillChecksPins() throws {
        let right = TLSConfiguration(pinnedSHA256: [pin], insecure: true)
        #expect(try converse(right, with: ServerPeer(identity)).recorder.completed != nil)
        let wrong = TLSConfiguration(pinnedSHA256: [Array(repeating: 7, count: 32)], insecure: true)
        #expect(try converse(wrong, with: ServerPeer(identity)).certificateFailure?.check == .pin)
    }

    @Test("a pin is 44 characters of base64, with or without the usual prefixes")
    func parsesPins() throws {
        let text = Base64.encode(pin)
        for prefix in ["", "sha256/", "sha256//"] {
            #expect(try TLSConfiguration.pin(fromBase64: prefix + text) == pin)
        }
    }

    @Test(
        "what is no pin is refused, with the reason",
        arguments: [
            ("", "0 bytes"), ("AAAA", "3 bytes"), ("not base64!", "not base64"),
            (String(repeating: "A", count: 43), "not base64"),
            (String(repeating: "A", count: 42) + "B=", "not base64"),
            ("sha1/AAAA", "not base64"),
        ]
    )
    func refusesOtherText(text: String, reason: String) {
        #expect {
            try TLSConfiguration.pin(fromBase64: text)
        } throws: { error in
            "\(error)".contains(reason)
        }
    }
}
