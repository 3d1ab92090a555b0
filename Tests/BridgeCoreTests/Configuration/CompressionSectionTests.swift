import BridgeCore
import Testing

/// The keys of `connections.NAME.compression`.
struct CompressionSectionTests {
    private func file(_ compression: String) -> String {
        "routes: {}\nconnections:\n  c: { url: wss://a.b, compression: \(compression) }\n"
    }

    private func loaded(_ compression: String) throws -> CompressionConfiguration? {
        try configuration(file(compression)).connections[0].compression
    }

    @Test func aSwitchOrAMapping() throws {
        #expect(try loaded("false") == nil)
        #expect(try loaded("true") == CompressionConfiguration())
        #expect(try loaded("{}") == CompressionConfiguration())
        let all = try loaded(
            "{ min_size: 1KiB, level: 1, outgoing_context_takeover: true, incoming_context_takeover: false, "
                + "outgoing_window_bits: 9, incoming_window_bits: 10, max_ratio: 50 }"
        )
        var expected = CompressionConfiguration()
        expected.minSize = 1024
        expected.level = 1
        expected.outgoingContextTakeover = true
        expected.incomingContextTakeover = false
        expected.outgoingWindowBits = 9
        expected.incomingWindowBits = 10
        expected.maxRatio = 50
        #expect(all == expected)
    }

    @Test func whatIsWrongIsSaid() {
        let words = "compression must be true, false or a mapping such as { min_size: 256B }"
        expect(file("on"), says: ["3:37: \(words), found 'on'"])
        expect(file("[true]"), says: ["3:37: \(words), found a list"])
        expect(
            file("{ levl: 9 }"),
            says: ["3:39: unknown key 'levl' in connections.c.compression: did you mean 'level'?"]
        )
        expect(
            file("{ level: 0, outgoing_window_bits: 8 }"),
            says: [
                "3:46: level must be a whole number from 1 to 9, found the number 0",
                "3:71: outgoing_window_bits must be a whole number from 9 to 15, found the number 8",
            ]
        )
    }
}
