import BridgeTestSupport
import NIOCore
import TestSupport
import Testing
import WSClient

@testable import BridgeCore

struct EnvelopeTests {
    private let records = Envelope.records(separator: 0x1E)

    @Test(
        arguments: [
            (["a\u{1e}"], ["a"]), (["a\u{1e}bb\u{1e}"], ["a", "bb"]), (["a"], ["a"]), ([""], [""]),
            (["\u{1e}"], [""]), (["a\u{1e}b"], ["a", "b"]), (["a\u{1e}", "b\u{1e}c\u{1e}"], ["a", "b", "c"]),
        ]
    )
    func recordsAreMessages(messages: [String], expected: [String]) {
        #expect(records.split(.of(messages)).texts == expected)
    }

    @Test("S14: a message of nothing but separators takes no more memory than its share")
    func separatorsWithoutEndAreBounded() {
        let split = records.split(.of(String(repeating: "\u{1e}", count: 3 * Envelope.maximumRecords), "a"))
        #expect(split.count == Envelope.maximumRecords + 1)
        #expect(split.texts.last == "a")
    }

    @Test func splittingKeepsBytesKindsAndTheTimeOfReceipt() {
        let batch = MessageBatch.of("a\u{1e}b\u{1e}")
        let split = records.split(batch)
        #expect(split.bytes == batch.bytes && split.receivedAt == batch.receivedAt)
        #expect(split.entries.map(\.kind) == [.text, .text])
    }

    @Test(
        arguments: [
            (#"42["trade",{"p":1}]"#, #"["trade",{"p":1}]"#, #"{"p":1}"#),
            (#"4217["trade","x"]"#, #"["trade","x"]"#, #""x""#),
            (#"42["trade"]"#, #"["trade"]"#, #"42["trade"]"#),
            (#"42/admin,["x",1]"#, #"42/admin,["x",1]"#, #"42/admin,["x",1]"#),
            ("2", "2", "2"), ("42", "42", "42"), (#"451-["b",{}]"#, #"451-["b",{}]"#, #"451-["b",{}]"#),
        ]
    )
    func socketIOEventsComeOutOfTheirPackets(packet: String, event: String, data: String) {
        #expect(unwrapped(packet, "/", .event) == event)
        #expect(unwrapped(packet, "/", .data) == data)
        #expect(unwrapped(packet, "/", .none) == packet)
    }

    @Test func aNamespaceStandsBeforeTheEvent() {
        #expect(unwrapped(#"42/admin,["x",1]"#, "/admin", .event) == #"["x",1]"#)
        #expect(unwrapped(#"42/admin,9["x",1]"#, "/admin", .data) == "1")
        #expect(unwrapped(#"42["x",1]"#, "/admin", .event) == #"42["x",1]"#)
    }

    @Test func whatGoesOutIsWrapped() {
        #expect(wire(records, "a", "b\u{1e}") == ["a\u{1e}", "b\u{1e}"])
        #expect(wire(.socketIO(namespace: "/", unwrap: .event), #"["x",1]"#, "3") == [#"42["x",1]"#, "3"])
        #expect(wire(.socketIO(namespace: "/a", unwrap: .none), #"["x"]"#) == [#"42/a,["x"]"#])
        #expect(wire(.plain, "x") == ["x"])
    }

    @Test func binaryMessagesGoOutAsTheyAre() {
        let batch = WebSocketMessageBatch(ByteBuffer(bytes: [1, 2]), kind: .binary)
        let wrapped = records.wrap(batch)
        #expect(wrapped.messages.map { Array(buffer: wrapped.payload(of: $0)) } == [[1, 2]])
        #expect(wrapped.messages[0].kind == .binary)
    }

    @Test func noBytesOfAnyMixtureAreLost() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            let texts = (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                String(
                    (0..<Int.random(in: 0..<9, using: &generator)).map { _ in
                        "ab\u{1e}".randomElement(using: &generator) ?? "a"
                    }
                )
            }
            let joined = texts.joined().filter { $0 != "\u{1e}" }
            #expect(records.split(.of(texts)).texts.joined() == joined)
        }
    }

    private func unwrapped(_ text: String, _ namespace: String, _ unwrap: SocketIOPacket.Unwrap) -> String {
        let envelope = Envelope.socketIO(namespace: namespace, unwrap: unwrap)
        var batch = MessageBatch.of("before", text, "after")
        batch.withUnsafeBytes { bytes in
            batch.entries = ContiguousArray(batch.entries.map { envelope.unwrap($0, in: bytes) })
        }
        return batch.texts[1]
    }

    private func wire(_ envelope: Envelope, _ texts: String...) -> [String] {
        var batch = WebSocketMessageBatch()
        for text in texts { batch.append(text: text) }
        let wrapped = envelope.wrap(batch)
        return wrapped.messages.map { wrapped.text(of: $0) }
    }
}
