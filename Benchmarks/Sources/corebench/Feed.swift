import BridgeCore
import NIOCore

/// Messages as a feed carries them.
enum Feed {
    /// How many messages a run matches.
    static let count = 512

    /// A JSON object of this many bytes, whose members `type` and `symbol` come last.
    static func object(_ size: Int) -> String {
        let members = [
            #""seq":183461,"#, #""time":"2026-01-02T03:04:05.678Z","#, #""price":"61234.50","#, #""size":0.25,"#,
            #""side":"buy","#, #""maker":true,"#, #""venue":"north","#,
        ]
        let end = #""type":"trade","symbol":"BTC-USD"}"#
        var text = "{"
        var next = 0
        while text.utf8.count + end.utf8.count + members[next % members.count].utf8.count + 8 <= size {
            text += members[next % members.count]
            next += 1
        }
        let missing = size - text.utf8.count - end.utf8.count
        if missing >= 7 { text += #""x":""# + String(repeating: "-", count: missing - 7) + #"","# }
        return text + end
    }

    /// One read's worth of the same message.
    static func batch(_ text: String, count: Int = count) -> MessageBatch {
        var bytes = ByteBuffer()
        var entries: ContiguousArray<MessageBatch.Entry> = []
        for _ in 0..<count {
            entries.append(.init(payloadOffset: bytes.writerIndex, payloadLength: text.utf8.count, kind: .text))
            bytes.writeString(text)
        }
        return MessageBatch(bytes: bytes, entries: entries, receivedAt: .now())
    }
}
