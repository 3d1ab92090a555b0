import NIOCore

/// What an established connection tells its owner, on its event loop.
protocol ConnectionOwner: AnyObject {
    func connection(_ connection: ConnectionHandler, received batch: WebSocketMessageBatch)
    func connection(_ connection: ConnectionHandler, rejected count: Int, because reason: WebSocketRejection)
    func connectionBecameWritable(_ connection: ConnectionHandler)
    func connection(_ connection: ConnectionHandler, wroteThrough position: Int)
    /// The server ended TCP, and what it sent before still waits, for reading is paused.
    func connection(_ connection: ConnectionHandler, leftUnread reason: String)
    /// TCP has ended, and everything that was read has been told.
    func connection(_ connection: ConnectionHandler, ended failure: ConnectionFailure)
    /// A line for those who want to know more.
    func connection(_ connection: ConnectionHandler, detail: @autoclosure () -> String)
}

/// An established WebSocket connection on its channel: frames in, messages out, and the other way.
///
/// Confined to its event loop.
///
/// It decides nothing itself: the close handshake, the keep-alive and the room for what is to be sent are machines of
/// their own.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    struct Settings {
        var limits: MessageDecoder.Limits
        /// There if compression was agreed upon.
        var compression: AgreedCompression?
        var keepAlive: KeepAliveStateMachine.Rhythm
        var closeTimeout: TimeAmount
        var outboundLimit: Int
        /// As reasons name the server.
        var server: String
        /// See `WebSocketClientConfiguration.pausedAdvice`.
        var pausedAdvice: String?
    }

    let eventLoop: any EventLoop
    let settings: Settings
    weak var owner: (any ConnectionOwner)?
    /// Set while `log_comms` is on.
    var comms: CommsLog?
    /// See `WebSocketClient.concealsReceived`.
    var concealsReceived = false

    var context: ChannelHandlerContext?
    var closing = CloseStateMachine()

    // Receiving
    private var decoder: MessageDecoder
    private(set) var isPaused = false
    private var isReadWanted = false
    /// Read while paused, which happens when the connection ends then.
    private var held: CircularBuffer<ByteBuffer> = []
    private(set) var hasEnded = false
    /// The network's failure while something that was read may wait: that has its say first.
    private var networkFailure: String?
    /// Another connection took over: what arrives until the end still counts, and a pause still holds it back.
    var isRetiring = false
    /// All that was read goes to the owner, paused or not.
    private var isFinishing = false
    /// Whether something that was read waits.
    private var hasUnread: Bool { !held.isEmpty || isPaused && decoder.hasMore }
    /// Whether what arrives waits.
    private var holdsBack: Bool { isPaused && (closing.isOpen || isRetiring) }

    // Sending
    var encoder: FrameEncoder
    var outbox = ByteBuffer()
    var ledger: OutboundLedger
    var isFlushScheduled = false
    /// How many bytes of frames there were, and how many of them the network took.
    var outboundPosition = 0
    var writtenPosition = 0
    /// The last ping that there was no room to answer.
    var pingWithoutPong: ByteBuffer?

    // Time
    var keepAlive: KeepAliveStateMachine
    var keepAliveTimer: Scheduled<Void>?
    private var standstill = ReadingStandstill()
    /// The server's way of leaving: it closed, or ended TCP.
    private var departure: Departure?
    /// The connection ends by our own wish, and not the server's.
    var hasGivenUp = false
    /// What the end means for the next attempt, where it is our own wish.
    var remedy = ConnectionFailure.Remedy.waiting
    /// True where it ends because the server refused our credentials.
    var refusesCredentials = false
    var closeTimer: Scheduled<Void>?

    init(eventLoop: any EventLoop, settings: Settings) {
        self.eventLoop = eventLoop
        self.settings = settings
        decoder = MessageDecoder(limits: settings.limits, inflater: settings.compression?.inflater)
        encoder = FrameEncoder(deflater: settings.compression?.deflater)
        ledger = OutboundLedger(limit: settings.outboundLimit)
        keepAlive = KeepAliveStateMachine(settings.keepAlive, now: eventLoop.now)
    }

    /// Begins with what came behind the handshake.
    ///
    /// The handler is in the pipeline by then.
    func begin(with rest: ByteBuffer) {
        armKeepAliveTimer()
        if rest.readableBytes > 0 { receive(rest) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receive(unwrapInboundIn(data))
    }

    private func receive(_ buffer: ByteBuffer) {
        if holdsBack {
            held.append(buffer)
        } else {
            process(buffer)
        }
    }

    private func process(_ buffer: ByteBuffer) {
        decoder.receive(buffer)
        if !pull() { keepAlive.receivedPart(now: eventLoop.now) }
    }

    /// Takes what the decoder has, until reading is paused: what one read inflates to may be a lot.
    ///
    /// - Returns: Whether there was anything.
    @discardableResult
    private func pull() -> Bool {
        var isEmpty = true
        while !holdsBack || isFinishing, let event = decoder.next() {
            isEmpty = false
            switch event {
            case .messages(let batch): deliver(batch)
            case .ping(let payload): answer(payload)
            case .pong(let payload): receivedPong(payload)
            case .close(let frame): receivedClose(frame)
            case .violation(let violation): violated(violation)
            }
        }
        return !isEmpty
    }

    private func deliver(_ batch: WebSocketMessageBatch) {
        comms?.messages(.received, batch, first: batch.count, concealed: concealsReceived)
        // Paused while closing: reading goes on only for the sake of the peer's close frame.
        guard !isPaused || closing.isOpen || isRetiring || hasEnded else {
            owner?.connection(self, rejected: batch.count, because: .closing)
            return
        }
        owner?.connection(self, received: batch)
    }

    private func receivedClose(_ frame: CloseFrame) {
        comms?.close(.received, frame)
        noteDeparture()
        switch closing.received(frame) {
        case .answer(let answer):
            write(answer)
            awaitEnd()
        case .awaitEnd:
            awaitEnd()
        case .doNothing:
            break
        }
    }

    private func violated(_ violation: ProtocolViolation) {
        let action = closing.violated(violation)
        hasGivenUp = true
        if CloseCode(violation) == .messageTooBig {
            owner?.connection(self, rejected: 1, because: .tooLarge)
        }
        switch action {
        case .sendClose(let frame):
            write(frame)
            awaitEnd()
        case .doNothing:
            awaitEnd()
        }
    }

    // MARK: Back-pressure

    func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        keepAlive.paused(now: eventLoop.now)
        standstill.paused(now: eventLoop.now)
        if keepAliveTimer == nil { armKeepAliveTimer() }
    }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        keepAlive.resumed(now: eventLoop.now)
        standstill.resumed(now: eventLoop.now)
        armKeepAliveTimer()
        pull()
        drainHeld()
        if hasEnded, !hasUnread { return finish() }
        readOn()
    }

    /// What is read only now and then: NIO asks before each read.
    func read(context: ChannelHandlerContext) {
        if holdsBack {
            isReadWanted = true
        } else {
            context.read()
        }
    }

    private func readOn() {
        guard isReadWanted, let context else { return }
        isReadWanted = false
        context.read()
    }

    private func drainHeld() {
        while !isPaused || isFinishing, let buffer = held.popFirst() {
            process(buffer)
        }
    }

    // MARK: Closing

    /// Begins the close handshake.
    ///
    /// The owner hears of its end.
    func close(_ code: CloseCode, because reason: String) {
        guard !hasEnded else { return finish() }
        switch closing.close(code, because: reason) {
        case .sendClose(let frame):
            hasGivenUp = true
            write(frame)
            limitClosing(to: settings.closeTimeout)
            if isPaused, !isRetiring { readToTheEnd() }
        case .doNothing:
            break
        }
    }

    /// What was read before is not lost, and the close frame's answer has to be seen.
    func readToTheEnd() {
        pull()
        held.forEach(process)
        held.removeAll()
        readOn()
    }

    /// Both close frames are on their way, or none is to be expected: the server ends TCP (RFC 6455, section 7.1.1).
    private func awaitEnd() {
        keepAliveTimer?.cancel()
        limitClosing(to: min(settings.closeTimeout, .seconds(1)))
        if isPaused, !isRetiring { readOn() }
    }

    func limitClosing(to limit: TimeAmount) {
        closeTimer?.cancel()
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: limit) {
            // Nobody can answer what we don't read.
            if self.holdsBack { self.limitClosing(to: limit) } else { self.endNow() }
        }
    }

    /// Ends TCP without further ado.
    func endNow() {
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        noteDeparture()
        let reason = ConnectionFailure(error, server: settings.server).reason
        if holdsBack { networkFailure = reason } else { closing.givenUp(because: reason) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        keepAliveTimer?.cancel()
        closeTimer?.cancel()
        noteDeparture()
        // What was read while paused comes first: it waits for `resumeReading`.
        if !hasUnread {
            finish()
        } else if let words = departure?.words {
            let reason = closing.reason ?? "server ended the connection"
            owner?.connection(self, leftUnread: "\(reason); \(words); what it sent before still waits to be read")
        }
        context.fireChannelInactive()
    }

    /// A server's way of leaving.
    private struct Departure {
        /// The likely cause and its remedy; `nil` where we had read all along, or ended it ourselves.
        var words: String?
    }

    /// The first sign counts: a close frame, an error, or the end of TCP.
    private func noteDeparture() {
        guard departure == nil else { return }
        guard !hasGivenUp, let length = standstill.length(at: eventLoop.now) else {
            departure = Departure()
            return
        }
        let time = length >= .seconds(1) ? " for \(length.nanoseconds / 1_000_000_000) s" : ""
        departure = Departure(
            words: "it left while we did not read\(time)" + (settings.pausedAdvice.map { ": \($0)" } ?? "")
        )
    }

    func finish() {
        guard closing.state != .ended else { return }
        isFinishing = true
        pull()
        drainHeld()
        if let networkFailure { closing.givenUp(because: networkFailure) }
        closing.tcpEnded()
        keepAliveTimer?.cancel()
        closeTimer?.cancel()
        var failure = ConnectionFailure(closing.reason ?? "", remedy: remedy, closeCode: closing.code)
        failure.refusesCredentials = refusesCredentials
        if let words = departure?.words { failure.reason += "; \(words)" }
        let owner = owner
        self.owner = nil
        comms = nil
        owner?.connection(self, ended: failure)
    }
}
