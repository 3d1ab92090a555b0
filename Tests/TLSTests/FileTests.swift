import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("the files of the tls block")
struct FileTests {
    private let authority: Authority
    private let client: Identity

    init() throws {
        authority = try Authority()
        client = try authority.issue(nil)
    }

    private func refusal(_ configuration: TLSConfiguration) -> TLSFileFailure? {
        do throws(TLSError) {
            _ = try TLSContext(configuration, host: "broker.example.com")
            return nil
        } catch {
            #expect(ERR_peek_error() == 0)
            #expect(error.needsPerson)
            guard case .file(let failure) = error else { return nil }
            return failure
        }
    }

    private func pair(certificate: String, key: String) throws -> TLSConfiguration {
        TLSConfiguration(
            certificateFile: try authority.file("client.pem", certificate),
            keyFile: try authority.file("client.key", key)
        )
    }

    @Test("a file that isn't there, or is a folder, is named with the key and the reason")
    func unreadable() throws {
        let missing = try #require(refusal(TLSConfiguration(caFile: "/nonexistent/ca.pem")))
        #expect(missing.description == "tls.ca_file /nonexistent/ca.pem: can't be read: No such file or directory")
        let folder = try #require(refusal(TLSConfiguration(caFile: "/tmp")))
        #expect(folder.problem == .unreadable("it is not a regular file"))
    }

    @Test("PKCS#12 or DER is recognised, with the command that converts it")
    func binary() throws {
        let path = try authority.file("ca.der", authority.identity.certificateDER)
        #expect(refusal(TLSConfiguration(caFile: path))?.problem == .binary)
        let key = try #require(
            try refusal(
                TLSConfiguration(certificateFile: authority.file("c.pem", client.certificatePEM), keyFile: path)
            )
        )
        #expect(key.description.contains("openssl pkcs12 -in FILE -nocerts"))
    }

    @Test("empty, too large, and other text")
    func unusable() throws {
        #expect(try refusal(TLSConfiguration(caFile: authority.file("empty", "")))?.problem == .empty)
        #expect(try refusal(TLSConfiguration(caFile: authority.file("text", "hello\n")))?.problem == .noneFound)
        #expect(try refusal(TLSConfiguration(caFile: authority.file("key", client.keyPEM)))?.problem == .noneFound)
        let large = try authority.file("large", Data(count: PEMFile.limit + 1))
        #expect(refusal(TLSConfiguration(caFile: large))?.problem == .tooLarge(limit: PEMFile.limit))
    }

    @Test("a damaged certificate is named by its number")
    func malformed() throws {
        let good = authority.identity.certificatePEM
        let bad = good.replacingOccurrences(of: "MII", with: "AAA")
        let failure = try #require(refusal(TLSConfiguration(caFile: authority.file("two.pem", good + bad))))
        guard case .malformed(block: 2, _) = failure.problem else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test("an authority file may hold several, and text around them")
    func several() throws {
        let other = try Authority("Other Authority")
        let text = "# ours\n\(authority.identity.certificatePEM)\n# theirs\n\(other.identity.certificatePEM)\n# end\n"
        let configuration = TLSConfiguration(caFile: try authority.file("both.pem", text))
        let leaf = try other.issue("DNS:broker.example.com")
        #expect(try converse(configuration, with: ServerPeer(leaf)).error == nil)
    }

    @Test("a key with a passphrase is an error; nothing asks on the terminal")
    func passphrase() throws {
        let key = client.encryptedKeyPEM(passphrase: "secret")
        #expect(key.contains("ENCRYPTED"))
        let failure = try #require(try refusal(pair(certificate: client.certificatePEM, key: key)))
        #expect(failure.problem == .passphrase)
        #expect(failure.description.contains("openssl pkey -in FILE"))
        #expect(!failure.description.contains("secret"))
    }

    @Test("a key of another certificate")
    func mismatch() throws {
        let other = try authority.issue(nil)
        let failure = try #require(try refusal(pair(certificate: client.certificatePEM, key: other.keyPEM)))
        guard case .mismatch = failure.problem else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test("a key of another kind than its certificate's")
    func mismatchOfKind() throws {
        let other = try authority.issue(nil) { $0.key = .rsa(bits: 2048) }
        let failure = try #require(try refusal(pair(certificate: client.certificatePEM, key: other.keyPEM)))
        guard case .mismatch = failure.problem else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test("the key file holds no key, or a damaged one")
    func noKey() throws {
        let certificate = client.certificatePEM
        #expect(try refusal(pair(certificate: certificate, key: certificate))?.problem == .noneFound)
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        let failure = try #require(try refusal(pair(certificate: certificate, key: damaged)))
        guard case .malformed(block: 1, _) = failure.problem else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test("one of the pair alone")
    func alone() throws {
        let path = try authority.file("client.pem", client.certificatePEM)
        #expect(refusal(TLSConfiguration(certificateFile: path))?.problem == .alone)
        #expect(refusal(TLSConfiguration(keyFile: path))?.role == .key)
    }

    @Test("S15 a key that everyone can read is a warning")
    func worldReadable() throws {
        let configuration = try pair(certificate: client.certificatePEM, key: client.keyPEM)
        #expect(try TLSContext(configuration, host: "broker.example.com").warnings.isEmpty)
        let path = try #require(configuration.keyFile)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(
            try TLSContext(configuration, host: "broker.example.com").warnings.first?.contains("chmod 0600") == true
        )
    }

    @Test("files are read anew for each context")
    func rotation() throws {
        let leaf = try authority.issue("DNS:broker.example.com")
        let configuration = try Authority("Other Authority").trust()
        let own = try authority.trust { $0.caFile = $0.caFile }
        #expect(throws: TLSError.self) { try TLSContext(configuration, host: "broker.example.com") }
        let path = try #require(own.caFile)
        try Authority("Next").identity.certificatePEM.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try converse(own, with: ServerPeer(leaf)).certificateFailure?.check == .unknownAuthority)
        try authority.identity.certificatePEM.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try converse(own, with: ServerPeer(leaf)).error == nil)
    }
}
