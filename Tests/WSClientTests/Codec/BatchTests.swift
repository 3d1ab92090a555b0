import NIOCore
import Testing

@_spi(Codec) @testable import WSClient

/// What one read holds travels on as few batches as it can, without copies.
struct BatchTests {
    @Test
    func messagesOfOneReadAreSlicesOfIt() throws {
        var read = ByteBuffer(bytes: [0xEE, 0xEE, 0xEE])
        read.moveReaderIndex(forwardBy: 3)
        read.writeBytes([RawFrame.text("ab"), .binary([1, 2, 3]), .text("")].bytes)
        let address = read.withUnsafeReadableBytes { $0.baseAddress }
        var decoder = MessageDecoder()
        decoder.receive(read)

        let batch = try decoder.nextBatch()
        #expect(decoder.next() == nil)
        #expect(
            batch.messages == [
                WebSocketMessage(offset: 5, length: 2, kind: .text),
                WebSocketMessage(offset: 9, length: 3, kind: .binary),
                WebSocketMessage(offset: 14, length: 0, kind: .text),
            ]
        )
        #expect(batch.withUnsafeBytes { $0.baseAddress?.advanced(by: 3) } == address)
        #expect(batch.text(of: batch.messages[0]) == "ab")
    }

    @Test
    func offsetsCountFromTheIndexZeroOfASlice() throws {
        var whole = ByteBuffer(bytes: [1, 2, 3, 4] + RawFrame.text("hi").bytes)
        whole.moveReaderIndex(forwardBy: 4)
        var decoder = MessageDecoder()
        decoder.receive(whole.slice())
        let batch = try decoder.nextBatch()
        #expect(batch.messages[0].offset == 2)
        #expect(batch.withUnsafeBytes { Array($0[batch.messages[0].range]) } == Array("hi".utf8))
    }

    @Test
    func fragmentedMessagesOfOneReadShareABatch() throws {
        var decoder = MessageDecoder()
        let pair: [RawFrame] = [.text("a", final: false), .continuation([66])]
        decoder.receive(ByteBuffer(bytes: (pair + pair + pair + [.text("open", final: false)]).bytes))
        let batch = try decoder.nextBatch()
        #expect(batch.messages.map { batch.text(of: $0) } == ["aB", "aB", "aB"])
        #expect(decoder.next() == nil)
        #expect(decoder.seen(RawFrame.continuation([33]).bytes) == [.text("open!")])
    }

    @Test
    func aCutMessageIsFollowedByTheSlicesOfItsRead() throws {
        let stream = [RawFrame.text("one"), .text("two"), .text("three"), .text("four")].bytes
        var decoder = MessageDecoder()
        decoder.receive(ByteBuffer(bytes: stream[..<8]))
        #expect(try decoder.nextBatch().count == 1)
        #expect(decoder.next() == nil)
        decoder.receive(ByteBuffer(bytes: stream[8...]))
        #expect(try decoder.nextBatch().count == 1)
        #expect(try decoder.nextBatch().count == 2)
        #expect(decoder.next() == nil)
    }

    @Test
    func theBatchIsItsBuffersOnlyOwner() throws {
        var decoder = MessageDecoder()
        var read = ByteBuffer(bytes: RawFrame.text("ab").bytes)
        decoder.receive(read)
        read = ByteBuffer()
        var batch = try decoder.nextBatch()
        let before = batch.withUnsafeBytes { $0.baseAddress }
        batch.bytes.setInteger(UInt8(ascii: "z"), at: 2)
        #expect(batch.withUnsafeBytes { $0.baseAddress } == before)
    }

    @Test
    func aBatchIsFilledByHand() {
        var batch = WebSocketMessageBatch(text: "ä")
        batch.append([1, 2], kind: .binary)
        batch.append(text: "")
        #expect(batch.count == 3)
        #expect(batch.text(of: batch.messages[0]) == "ä")
        #expect(Array(batch.payload(of: batch.messages[1]).readableBytesView) == [1, 2])
        #expect(batch.text(of: batch.messages[2]) == "")
        #expect(WebSocketMessageBatch().isEmpty)

        var buffer = ByteBuffer(string: "xhello")
        buffer.moveReaderIndex(forwardBy: 1)
        let single = WebSocketMessageBatch(buffer, kind: .text)
        #expect(single.text(of: single.messages[0]) == "hello")
    }
}

extension MessageDecoder {
    /// The next event, which must be a batch.
    fileprivate mutating func nextBatch() throws -> WebSocketMessageBatch {
        var batch: WebSocketMessageBatch?
        if case .messages(let found) = next() { batch = found }
        return try #require(batch)
    }
}
