import NIOCore

extension ConnectionHandler {
    /// So many bytes are written at once, without waiting for the end of the event loop's turn.
    private static let flushSize = 256 << 10

    /// Whether `send` takes anything.
    var isWritable: Bool { closing.isOpen && ledger.isBelowLimit && context != nil }

    /// Takes messages from the front of the batch, as many as there is room for, and returns how many.
    ///
    /// Their frames leave with all that is sent in this turn of the event loop, in one write.
    func send(_ batch: WebSocketMessageBatch) -> Int {
        guard closing.isOpen, context != nil else { return 0 }
        var count = 0
        var size = 0
        for message in batch.messages {
            let frame = FrameEncoder.maximumHeaderLength + Int(message.length)
            guard ledger.admits(frame, onTopOf: size) else { break }
            size += frame
            count += 1
        }
        if count == batch.count {
            append { $0.encode(batch, into: &$1) }
        } else {
            ledger.refused()
            guard count > 0 else { return 0 }
            var front = batch
            front.messages.removeLast(batch.count - count)
            append { $0.encode(front, into: &$1) }
        }
        comms?.messages(.sent, batch, first: count)
        return count
    }

    /// Takes all messages of the batch, whatever waits already.
    ///
    /// They are a session's own words, which may hold secrets, and so are never compressed (requirement S4).
    func sendUnbounded(_ batch: WebSocketMessageBatch) {
        var batch = batch
        batch.mayBeCompressed = false
        append { $0.encode(batch, into: &$1) }
        comms?.messages(.sent, batch, first: batch.count)
    }

    func sendPing(_ payload: ByteBuffer) {
        comms?.control(.sent, "ping", payload)
        append { $0.encodePing(payload, into: &$1) }
    }

    /// Answers a ping, or the last one of several if the network is too slow for them all (RFC 6455, section 5.5.3).
    func answer(_ ping: ByteBuffer) {
        comms?.control(.received, "ping", ping)
        guard closing.isOpen else { return }
        guard ledger.isBelowLimit else {
            pingWithoutPong = ping
            return
        }
        sendPong(ping)
    }

    func sendPong(_ payload: ByteBuffer) {
        comms?.control(.sent, "pong", payload)
        append { $0.encodePong(payload, into: &$1) }
    }

    func write(_ close: CloseFrame) {
        comms?.close(.sent, close)
        append { $0.encodeClose(close, into: &$1) }
        // At once: on an event loop that is late, the end of our patience comes before the end of the turn.
        flush()
    }

    private func append(_ encode: (inout FrameEncoder, inout ByteBuffer) -> Void) {
        let before = outbox.readableBytes
        encode(&encoder, &outbox)
        ledger.added(outbox.readableBytes - before)
        outboundPosition += outbox.readableBytes - before
        if outbox.readableBytes >= Self.flushSize {
            flush()
        } else if !isFlushScheduled {
            isFlushScheduled = true
            eventLoop.assumeIsolated().execute {
                self.isFlushScheduled = false
                self.flush()
            }
        }
    }

    private func flush() {
        let size = outbox.readableBytes
        guard size > 0, let context else { return }
        // Whoever hears of the writing may send more.
        var frames = ByteBuffer()
        swap(&frames, &outbox)
        let written = eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.written(size) }
        context.writeAndFlush(wrapOutboundOut(frames), promise: written)
        // Written at once, as usual, the memory serves again; but not for ever if it was a lot.
        guard outbox.readableBytes == 0, frames.capacity <= 2 * Self.flushSize else { return }
        frames.clear(minimumCapacity: 0)
        outbox = frames
    }

    private func written(_ size: Int) {
        let action = ledger.written(size)
        writtenPosition += size
        owner?.connection(self, wroteThrough: writtenPosition)
        if let ping = pingWithoutPong, closing.isOpen, ledger.isBelowLimit {
            pingWithoutPong = nil
            sendPong(ping)
        }
        switch action {
        case .becameWritable:
            if closing.isOpen { owner?.connectionBecameWritable(self) }
        case .doNothing:
            break
        }
    }
}
