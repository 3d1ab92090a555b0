import TestSupport
import Testing

@testable import WSClient

struct HandshakeKeyTests {
    @Test("RFC 6455 1.3: the accept of the example key") func acceptOfTheExample() {
        #expect(HandshakeKey(text: "dGhlIHNhbXBsZSBub25jZQ==").accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("S1: a key is 16 random bytes, another one each time") func keysAreRandom() {
        var generator = SystemRandomNumberGenerator()
        let keys = (0..<1000).map { _ in HandshakeKey(using: &generator).text }
        #expect(Set(keys).count == 1000)
        #expect(keys.allSatisfy { $0.count == 24 && $0.hasSuffix("==") })
    }
}
