package import NIOCore

/// Speaks TLS as a client over a NIO channel: bytes on the wire outside, plain bytes inside.
///
/// It fires ``TLSHandshakeCompleted`` as a user inbound event when the handshake is done; what is written before waits
/// for that. Errors travel down the pipeline as ``TLSError``, and the channel closes after one. What one read brings is
/// decrypted into one buffer, up to 256 KiB. A close sends close_notify first and doesn't wait for the peer's; the peer's
/// close_notify closes the channel. It belongs to the channel's event loop.
package final class TLSClientHandler: ChannelDuplexHandler {
    /// Bytes from the wire.
    package typealias InboundIn = ByteBuffer
    /// Plain bytes.
    package typealias InboundOut = ByteBuffer
    /// Plain bytes.
    package typealias OutboundIn = ByteBuffer
    /// Bytes for the wire.
    package typealias OutboundOut = ByteBuffer

    /// Legal next: `handshaking` from `idle`, `open` from `handshaking`, `closed` from any, nothing from `closed`.
    private enum Phase {
        case idle
        case handshaking
        case open
        case closed
    }

    static let batchLimit = 256 << 10
    /// Unflushed bytes from here on are encrypted at once, so that the channel counts them as pending.
    private static let eagerEncryption = 64 << 10
    static let earlyWriteLimit = 1 << 20
    /// How much OpenSSL may answer to a peer that takes nothing.
    private static let answerLimit = 64 << 10

    private let tlsContext: TLSContext
    private var session: TLSSession?
    private var phase = Phase.idle
    private var pending = PendingWrites()
    private var isFlushWanted = false
    private var isReadWanted = false
    private var hasPeerEnded = false
    private var hasSentEnd = false
    private var unreadAnswers = 0
    private var spare = ByteBuffer()

    /// A handler for one connection.
    ///
    /// - Parameter context: the endpoint's context, made for this connect.
    package init(context: TLSContext) {
        tlsContext = context
    }

    // MARK: Life

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive {
            startHandshake(context)
        }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closed
        pending.fail(TLSError.closed)
    }

    package func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        startHandshake(context)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        endOfInput(context)
        phase = .closed
        pending.fail(TLSError.closed)
        context.fireChannelInactive()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            endOfInput(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// TCP ended; close_notify should have come before.
    private func endOfInput(_ context: ChannelHandlerContext) {
        switch phase {
        case .handshaking:
            fail(context, tlsContext.lastFailure ?? .closedInHandshake(name: tlsContext.verifiedName))
        case .open where !hasPeerEnded:
            fail(context, .truncated(name: tlsContext.verifiedName))
        case .idle, .open, .closed:
            break
        }
    }

    // MARK: Handshake

    private func startHandshake(_ context: ChannelHandlerContext) {
        guard phase == .idle else { return }
        phase = .handshaking
        do throws(TLSError) {
            session = try TLSSession(tlsContext)
        } catch {
            return fail(context, error)
        }
        advanceHandshake(context)
        // Nothing reads by itself where auto-read is off.
        if phase == .handshaking { context.read() }
    }

    private func advanceHandshake(_ context: ChannelHandlerContext) {
        guard let session else { return }
        let progress = session.advanceHandshake()
        switch progress {
        case .needsInput:
            sendAnswers(context)
        case .failed(let error):
            fail(context, error)
        case .done:
            phase = .open
            sendAnswers(context)
            context.fireUserInboundEventTriggered(session.agreement)
            if isFlushWanted, phase == .open {
                flush(context: context)
            }
        }
    }

    // MARK: Reading

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .handshaking || phase == .open else { return }
        session?.receive(unwrapInboundIn(data))
        if phase == .handshaking {
            advanceHandshake(context)
        }
        if phase == .open, !hasPeerEnded {
            deliver(context)
        }
    }

    private func deliver(_ context: ChannelHandlerContext) {
        guard let session else { return }
        var decryption = TLSSession.Decryption.full
        while decryption == .full, phase == .open {
            let expected = min(session.expectedPlaintext, Self.batchLimit)
            guard expected > 0 else { break }
            prepareSpare(for: expected, context)
            decryption = session.decrypt(into: &spare, limit: Self.batchLimit)
            if spare.readableBytes > 0 {
                isReadWanted = false
                context.fireChannelRead(wrapInboundOut(spare))
            }
        }
        guard phase == .open else { return }
        switch decryption {
        case .drained, .full: sendAnswers(context)
        case .ended: hasPeerEnded = true
        case .failed(let error): fail(context, error)
        }
    }

    /// Takes the last buffer again if nobody holds on to it and it fits; a much larger one would be kept alive by any
    /// small message that is cut out of it.
    private func prepareSpare(for expected: Int, _ context: ChannelHandlerContext) {
        if spare.capacity >= expected, spare.capacity <= max(4096, 4 * expected) {
            spare.clear()
        } else {
            spare = context.channel.allocator.buffer(capacity: expected)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if hasPeerEnded, phase == .open {
            // Only now, so that what was read last could be answered.
            close(context: context, mode: .all, promise: nil)
        } else if phase == .handshaking || (phase == .open && isReadWanted) {
            // What came held no whole record, and who asked for a read still waits.
            context.read()
        }
    }

    package func read(context: ChannelHandlerContext) {
        isReadWanted = true
        context.read()
    }

    // MARK: Writing

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .closed, !hasSentEnd else {
            promise?.fail(TLSError.closed)
            return
        }
        let bytes = unwrapOutboundIn(data)
        guard phase == .open || pending.bytes + bytes.readableBytes <= Self.earlyWriteLimit else {
            promise?.fail(TLSError.writtenBeforeHandshake(limit: Self.earlyWriteLimit))
            return
        }
        pending.append(bytes, promise: promise)
        if phase == .open, pending.bytes >= Self.eagerEncryption {
            encryptPending(context)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        guard phase == .open else {
            isFlushWanted = true
            return
        }
        isFlushWanted = false
        encryptPending(context)
        context.flush()
    }

    private func encryptPending(_ context: ChannelHandlerContext) {
        guard let session, !pending.isEmpty else { return }
        do throws(TLSError) {
            try pending.drain { (chunk) throws(TLSError) in try session.encrypt(chunk) }
        } catch {
            return fail(context, error)
        }
        let promise = pending.takePromise(on: context.eventLoop)
        context.write(wrapOutboundOut(session.takeOutbound() ?? ByteBuffer()), promise: promise)
    }

    /// Sends what OpenSSL itself has to say: handshake messages, key updates, alerts.
    private func sendAnswers(_ context: ChannelHandlerContext) {
        guard let answer = session?.takeOutbound() else { return }
        unreadAnswers = context.channel.isWritable ? 0 : unreadAnswers + answer.readableBytes
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        if unreadAnswers > Self.answerLimit {
            fail(
                context,
                .brokenProtocol(
                    reason: "the peer asks for answers and doesn't read them",
                    name: tlsContext.verifiedName
                )
            )
        }
    }

    // MARK: Ending

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input:
            break
        case .output:
            encryptPending(context)
            sendEnd(context)
        case .all:
            sendEnd(context)
            phase = .closed
            pending.fail(TLSError.closed)
        }
        context.close(mode: mode, promise: promise)
    }

    private func sendEnd(_ context: ChannelHandlerContext) {
        guard phase == .open, !hasSentEnd, let session else { return }
        hasSentEnd = true
        session.end()
        if let end = session.takeOutbound() {
            context.writeAndFlush(wrapOutboundOut(end), promise: nil)
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard phase != .closed else { return }
        phase = .closed
        if let alert = session?.takeOutbound() {
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
        }
        pending.fail(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
