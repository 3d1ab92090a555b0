import TestSupport
import Testing

/// Messages of mixed sizes, kinds and framings, the same in every run.
struct Burst {
    struct Message {
        var isText: Bool
        var payload: [UInt8]
        /// Where a sender cuts it into frames; empty = one frame.
        var cuts: [Int]
    }

    let messages: [Message]

    init(count: Int, sizes: ClosedRange<Int> = 1...4_096, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        messages = (0..<count).map { _ in
            // Small ones are as frequent as large ones.
            let limit = Int.random(in: sizes, using: &generator)
            let size =
                Bool.random(using: &generator) ? limit : Int.random(in: sizes.lowerBound...limit, using: &generator)
            let isText = Bool.random(using: &generator)
            let cuts =
                Int.random(in: 0..<3, using: &generator) > 0 || size == 0
                ? []
                : (0..<Int.random(in: 1...3, using: &generator)).map { _ in Int.random(in: 0...size, using: &generator)
                }
            return Message(
                isText: isText,
                payload: isText ? generator.text(size) : generator.bytes(size),
                cuts: cuts.sorted()
            )
        }
    }

    var payloads: [[UInt8]] { messages.map(\.payload) }

    /// The messages of a range as a WebSocket server sends them.
    func sendings(_ range: Range<Int>) -> [TestWebSocketServer.Sending] {
        messages[range].map { message in
            let edges = [0] + message.cuts + [message.payload.count]
            let parts = zip(edges, edges.dropFirst()).map { Array(message.payload[$0..<$1]) }
            return .fragments(parts, isText: message.isText)
        }
    }

    /// Ranges of `size` messages over the whole burst.
    func chunks(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: messages.count, by: size).map { $0..<min($0 + size, messages.count) }
    }
}

/// Says where two sequences of payloads part, instead of printing megabytes.
func expectSame(
    _ received: [[UInt8]],
    _ sent: [[UInt8]],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(received.count == sent.count, "how many messages", sourceLocation: sourceLocation)
    if let index = zip(received, sent).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        Issue.record(
            "message \(index) differs: \(received[index].count) bytes, sent were \(sent[index].count)",
            sourceLocation: sourceLocation
        )
    }
}
