import COpenSSL
import NIOCore
import Testing

@testable import TLS

@Suite("the context, as libmosquitto uses it")
struct ContextTests {
    private let authority: Authority
    private let identity: Identity

    init() throws {
        authority = try Authority()
        identity = try authority.issue("DNS:broker.example.com,IP:127.0.0.1")
    }

    @Test("S5 the policy is set on the SSL_CTX itself")
    func policy() throws {
        let context = try TLSContext(TLSConfiguration(), host: "broker.example.com")
        context.withSSLContext { pointer in
            let options = SSL_CTX_get_options(pointer)
            #expect(options & wsbridge_SSL_OP_NO_COMPRESSION() != 0)
            #expect(options & wsbridge_SSL_OP_NO_RENEGOTIATION() != 0)
            #expect(options & wsbridge_SSL_OP_IGNORE_UNEXPECTED_EOF() == 0)
            #expect(SSL_CTX_get_verify_mode(pointer) == SSL_VERIFY_PEER)
            #expect(SSL_CTX_get_security_level(pointer) >= 2)
        }
        #expect(context.verifiedName == "broker.example.com")
        #expect(context.warnings.isEmpty)
    }

    @Test("S5 name, SNI and pins hold for a handshake that someone else does, also after the context is gone")
    func foreignHandshake() throws {
        let wrong = try foreignHandshake(host: "other.example.com", authority.trust())
        #expect(!wrong.isDone)
        guard case .certificate(let failure) = wrong.failure else {
            Issue.record("\(String(describing: wrong.failure))")
            return
        }
        #expect(failure.check == .wrongName)
        #expect(wrong.serverName == "other.example.com")

        let pinned = try authority.trust { $0.pinnedSHA256 = [Array(repeating: 1, count: 32)] }
        #expect(try foreignHandshake(host: "broker.example.com", pinned).failure?.isCertificateProblem == true)

        let right = try foreignHandshake(host: "broker.example.com", authority.trust())
        #expect(right.isDone)
        #expect(right.failure == nil)
        #expect(right.serverName == "broker.example.com")

        let address = try foreignHandshake(host: "127.0.0.1", authority.trust())
        #expect(address.isDone)
        #expect(address.serverName == nil)
    }

    private struct Outcome {
        var isDone: Bool
        var failure: TLSError?
        var serverName: String?
    }

    /// Does what libmosquitto does: takes the SSL_CTX, names the host it connects to, and only hears yes or no.
    private func foreignHandshake(host: String, _ configuration: TLSConfiguration) throws -> Outcome {
        var context: TLSContext? = try TLSContext(configuration, host: host)
        let ssl = try #require(context?.withSSLContext { SSL_new($0) })
        defer { SSL_free(ssl) }
        let witness = try #require(context?.witness)
        context = nil
        let input = BIO_new(BIO_s_mem())
        let output = BIO_new(BIO_s_mem())
        SSL_set_bio(ssl, input, output)
        wsbridge_SSL_set_tlsext_host_name(ssl, "10.0.0.1")
        let server = try ServerPeer(identity)
        var result: Int32 = 0
        for _ in 0..<10 where result != 1 {
            ERR_clear_error()
            result = SSL_connect(ssl)
            if result != 1, SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ { break }
            let pending = BIO_ctrl_pending(output)
            var bytes = [UInt8](repeating: 0, count: pending)
            BIO_read(output, &bytes, Int32(pending))
            server.take(bytes)
            let answer = server.give()
            BIO_write(input, answer, Int32(answer.count))
        }
        ERR_clear_error()
        return Outcome(isDone: result == 1, failure: witness.failure, serverName: server.serverName)
    }

    @Test("the last failure is the last handshake's")
    func lastFailureIsForgotten() throws {
        let context = try TLSContext(authority.trust(), host: "broker.example.com")
        let stranger = try Authority("Other Authority").issue("DNS:broker.example.com")
        _ = try Conversation(context, server: ServerPeer(stranger))
        #expect(context.lastFailure?.isCertificateProblem == true)
        _ = try Conversation(context, server: ServerPeer(identity))
        #expect(context.lastFailure == nil)
    }

    @Test(
        "S5 a name that can't be verified is refused before anything is sent",
        arguments: [
            "", ".", ".example.com", "a..b", "*.example.com", "exa mple.com", "a/b", "bücher.example", "a\0b",
            "user@example.com", "example.com:443", "[::1", String(repeating: "a", count: 64) + ".com",
        ]
    )
    func refusesNames(name: String) {
        #expect(throws: TLSError.invalidName(name)) { try TLSContext(TLSConfiguration(), host: name) }
    }
}
