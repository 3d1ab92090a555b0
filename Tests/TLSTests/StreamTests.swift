import COpenSSL
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import TLS

@Suite("the stream after the handshake")
struct StreamTests {
    private let authority: Authority
    private let identity: Identity

    init() throws {
        authority = try Authority()
        identity = try authority.issue("DNS:broker.example.com")
    }

    private func established(_ version: Int32 = TLS1_3_VERSION) throws -> Conversation {
        let server = try ServerPeer(identity) { wsbridge_SSL_CTX_set_max_proto_version($0, version) }
        let conversation = try converse(authority.trust(), with: server)
        try #require(conversation.recorder.completed != nil)
        return conversation
    }

    @Test("16 MiB each way in random pieces arrive unchanged", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func bigTransfer(version: Int32) throws {
        let conversation = try established(version)
        var random = SeededGenerator(seed: 1)
        let pool = random.bytes(1 << 20)
        var sizes = SeededGenerator(seed: 2)
        conversation.pieceSize = { Int(sizes.next() % 100_000) + 1 }
        var sent: [UInt8] = []
        while sent.count < 16 << 20 {
            let start = Int(random.next() % 500_000)
            let piece = Array(pool[start..<start + Int(random.next() % 300_000)])
            sent += piece
            conversation.server.send(piece)
            conversation.channel.write(ByteBuffer(bytes: piece), promise: nil)
            if random.next() % 3 == 0 {
                conversation.channel.flush()
                conversation.pump()
            }
        }
        conversation.channel.flush()
        conversation.pump()
        #expect(conversation.error == nil)
        #expect(conversation.recorder.bytes == sent)
        #expect(conversation.server.received == sent)
    }

    @Test("what one read brings is one buffer, up to 256 KiB")
    func oneReadIsOneBuffer() throws {
        let conversation = try established()
        for _ in 0..<40 {
            conversation.server.send(Array(repeating: 1, count: 5_000))
        }
        conversation.pump()
        #expect(conversation.recorder.reads.map(\.readableBytes) == [200_000])
        conversation.server.send(Array(repeating: 2, count: 600_000))
        conversation.pump()
        #expect(conversation.recorder.reads.map(\.readableBytes) == [200_000, 262_144, 262_144, 75_712])
    }

    @Test("a buffer that someone still holds is never written to again")
    func heldBuffersStay() throws {
        let conversation = try established()
        for value in UInt8(0)..<50 {
            conversation.server.send(Array(repeating: value, count: 1000))
            conversation.pump()
        }
        let expected = (UInt8(0)..<50).flatMap { Array(repeating: $0, count: 1000) }
        #expect(conversation.recorder.bytes == expected)
    }

    @Test("a small message doesn't keep the storage of a big one alive")
    func storageFitsTheRead() throws {
        let conversation = try established()
        conversation.server.send(Array(repeating: 1, count: 250_000))
        conversation.pump()
        conversation.recorder.reads.removeAll()
        conversation.server.send(Array(repeating: 2, count: 100))
        conversation.pump()
        let small = try #require(conversation.recorder.reads.first)
        #expect(small.readableBytes == 100)
        #expect(small.capacity <= 4096)
    }

    @Test("small writes before a flush share one record, and each promise is kept")
    func writesAreJoined() throws {
        let conversation = try established()
        var kept = 0
        for value in UInt8(0)..<100 {
            conversation.channel.write(ByteBuffer(bytes: [value])).assumeIsolated().whenSuccess { kept += 1 }
        }
        #expect(conversation.takeFromClient().isEmpty)
        #expect(kept == 0)
        conversation.channel.flush()
        #expect(kept == 100)
        let wire = conversation.takeFromClient()
        #expect(wire.count < 100 + 64)
        conversation.server.take(wire)
        #expect(conversation.server.received == Array(0..<100))
    }

    @Test("an empty write keeps its promise")
    func emptyWrite() throws {
        let conversation = try established()
        try conversation.channel.writeAndFlush(ByteBuffer()).wait()
        #expect(conversation.error == nil)
    }

    @Test("many unflushed bytes are encrypted early, so that the channel counts them")
    func unflushedBytesAreCounted() throws {
        let conversation = try established()
        var written = 0
        while conversation.channel.isWritable, written < 1 << 20 {
            conversation.channel.write(ByteBuffer(repeating: 1, count: 10_000), promise: nil)
            written += 10_000
            conversation.channel.isWritable = written < 70_000
        }
        conversation.channel.isWritable = true
        conversation.channel.pipeline.syncOperations.flush()
        conversation.pump()
        #expect(conversation.server.received.count == written)
    }

    @Test("writes before the handshake wait for it, in order, and are bounded")
    func earlyWrites() throws {
        let conversation = try Conversation(
            TLSContext(authority.trust(), host: "broker.example.com"),
            server: ServerPeer(identity),
            isPumped: false
        )
        conversation.recorder.onCompleted = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: " third")), promise: nil)
        }
        var isKept = false
        conversation.channel.write(ByteBuffer(string: "first"), promise: nil)
        conversation.channel.writeAndFlush(ByteBuffer(string: " second")).assumeIsolated().whenSuccess { isKept = true }
        let refused = conversation.channel.write(ByteBuffer(repeating: 0, count: 2 << 20))
        #expect(throws: TLSError.writtenBeforeHandshake(limit: 1 << 20)) { try refused.wait() }
        #expect(!isKept)
        conversation.pump()
        #expect(isKept)
        #expect(String(decoding: conversation.server.received, as: UTF8.self) == "first second third")
    }

    @Test("writes that wait for a handshake which fails, fail with its reason")
    func earlyWritesFail() throws {
        let conversation = try Conversation(
            TLSContext(authority.trust(), host: "other.example.com"),
            server: ServerPeer(identity),
            isPumped: false
        )
        let write = conversation.channel.writeAndFlush(ByteBuffer(string: "hello"))
        conversation.pump()
        #expect { try write.wait() } throws: { ($0 as? TLSError)?.isCertificateProblem == true }
        #expect(conversation.server.received.isEmpty)
    }

    @Test("a key update changes nothing that is seen")
    func keyUpdate() throws {
        let conversation = try established()
        SSL_key_update(conversation.server.ssl, SSL_KEY_UPDATE_REQUESTED)
        conversation.server.send(Array("after".utf8))
        conversation.pump()
        conversation.channel.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        conversation.pump()
        #expect(conversation.recorder.bytes == Array("after".utf8))
        #expect(conversation.server.received == Array("answer".utf8))
    }

    @Test("the peer's close_notify delivers what came before, answers, and closes without an error")
    func peerEnds() throws {
        let conversation = try established()
        conversation.recorder.onReadComplete = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "bye")), promise: nil)
        }
        conversation.server.send(Array("last".utf8))
        conversation.server.end()
        conversation.pump()
        #expect(conversation.recorder.bytes == Array("last".utf8))
        #expect(conversation.server.received == Array("bye".utf8))
        #expect(conversation.server.hasReceivedEnd)
        #expect(conversation.error == nil)
        #expect(conversation.recorder.isInactive)
    }

    @Test("our close sends close_notify, and nothing after it")
    func weEnd() throws {
        let conversation = try established()
        conversation.channel.writeAndFlush(ByteBuffer(string: "last"), promise: nil)
        let lost = conversation.channel.write(ByteBuffer(string: "unflushed"))
        conversation.channel.close(promise: nil)
        conversation.channel.embeddedEventLoop.run()
        #expect(throws: TLSError.closed) { try lost.wait() }
        conversation.server.take(conversation.takeFromClient())
        #expect(conversation.server.received == Array("last".utf8))
        #expect(conversation.server.hasReceivedEnd)
        #expect(conversation.error == nil)
        #expect(throws: (any Error).self) { try conversation.channel.writeAndFlush(ByteBuffer(string: "late")).wait() }
    }

    @Test("an end without close_notify is reported")
    func truncated() throws {
        let conversation = try established()
        conversation.server.send(Array("half".utf8))
        conversation.deliver(conversation.server.give())
        conversation.channel.pipeline.fireChannelInactive()
        #expect(conversation.recorder.bytes == Array("half".utf8))
        #expect(conversation.recorder.errors == [.truncated(name: "broker.example.com")])
        #expect(conversation.recorder.isInactive)
    }

    @Test("a damaged record ends the connection")
    func damagedRecord() throws {
        let conversation = try established()
        conversation.server.send(Array("good".utf8))
        conversation.server.send(Array("spoilt".utf8))
        var wire = conversation.server.give()
        wire[wire.count - 1] ^= 1
        conversation.deliver(wire)
        #expect(conversation.recorder.bytes == Array("good".utf8))
        guard case .brokenProtocol = conversation.error else {
            Issue.record("\(String(describing: conversation.error))")
            return
        }
        #expect(!conversation.isOpen)
        conversation.server.take(conversation.takeFromClient())
        #expect(conversation.server.failure?.contains("bad record mac") == true)
    }

    @Test("without auto-read a read that brought no whole record is followed by another")
    func readsOnForAWholeRecord() throws {
        let conversation = try established()
        let counter = ReadCounter()
        try conversation.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        conversation.server.send(Array(repeating: 1, count: 1000))
        let record = conversation.server.give()
        conversation.channel.read()
        #expect(counter.reads == 1)
        conversation.deliver(Array(record.prefix(300)))
        #expect(counter.reads == 2)
        conversation.deliver(Array(record.dropFirst(300)))
        #expect(counter.reads == 2)
        #expect(conversation.recorder.bytes.count == 1000)
    }

    @Test("S14 a peer that asks for answers and takes none is cut off")
    func floodOfKeyUpdates() throws {
        let conversation = try established()
        conversation.channel.isWritable = false
        for _ in 0..<5_000 where conversation.isOpen {
            SSL_key_update(conversation.server.ssl, SSL_KEY_UPDATE_REQUESTED)
            SSL_do_handshake(conversation.server.ssl)
            conversation.deliver(conversation.server.give())
        }
        #expect(!conversation.isOpen)
        #expect(conversation.error?.description.contains("doesn't read them") == true)
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var reads = 0

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
}
