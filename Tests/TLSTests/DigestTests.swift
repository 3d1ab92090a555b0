import Testing

@testable import TLS

struct DigestTests {
    @Test("RFC 6455 1.3 the accept key of the RFC's own example")
    func acceptKey() {
        let key = Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        #expect(Base64.encode(Digest.sha1(key)) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(
        "FIPS 180-4 SHA-1",
        arguments: [
            ("", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="), ("abc", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
            (String(repeating: "a", count: 1_000), "KR6abGaZSUm1e6XmUDYemPw2sbo="),
        ]
    )
    func sha1(text: String, digest: String) {
        #expect(Base64.encode(Digest.sha1(Array(text.utf8))) == digest)
    }

    @Test("SHA-256 of nothing")
    func sha256OfNothing() {
        #expect(Base64.encode(Digest.sha256([])) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    }

    @Test(
        "RFC 4648 10 the test vectors",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{FF}\u{FE}", "w7/Dvg=="),
        ]
    )
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(
        "what no encoder writes isn't decoded",
        arguments: ["Z", "Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg==", "Zm9-", "Zm9_"]
    )
    func refuses(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
