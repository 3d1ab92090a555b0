import Logging
import NIOCore
import WSClient

/// Answers a route's requests with what comes back over its connection (`reply_to`).
///
/// Used on the gateway's event loop only. It decides nothing itself: `OpenRequests` does.
final class ReplyDesk: RequestAnswering {
    let awaitsReplies = true
    private let responder: Responder
    private let matcher: Matcher?
    private let timeout: TimeAmount
    private let eventLoop: any EventLoop
    private let log: Logger
    private var open: OpenRequests
    private var timer: Scheduled<Void>?
    private var replied = 0
    private var unanswered: [Unanswered: Int] = [:]
    /// Messages that came since the first of the open requests, and that `match` didn't take.
    private var passedOver = 0

    /// - Throws: `MatchError` for what the configuration's check should have refused.
    init(
        _ configuration: ReplyConfiguration,
        route: String,
        responder: Responder,
        eventLoop: any EventLoop,
        log: Logger
    ) throws {
        self.responder = responder
        self.eventLoop = eventLoop
        matcher = try configuration.match.map { try Matcher($0) }
        timeout = TimeAmount(configuration.timeout)
        open = OpenRequests(timeout: timeout)
        var log = log
        log[metadataKey: "route"] = "\(route)"
        self.log = log
    }

    var stats: ReplyStats {
        ReplyStats(
            open: open.count,
            replied: replied,
            unanswered: Dictionary(uniqueKeysWithValues: unanswered.map { ($0.key.rawValue, $0.value) })
        )
    }

    /// For how many messages a regex was given up because it took too long.
    var regexLimitHits: Int { matcher?.limitHits ?? 0 }

    // MARK: What the queue says

    func admits(_ address: ResponseAddress) -> Bool { responder.admits(address) }

    func given(_ address: ResponseAddress) { open.given(address) }

    /// One answer a request: nobody hears that it waits, or that it was sent.
    func answer(_ answer: RequestAnswer, to address: ResponseAddress) {
        switch answer {
        case .queued:
            break
        case .sent:
            switch open.sent(address, now: eventLoop.now) {
            case .wait:
                if open.count == 1 { passedOver = 0 }
                armTimer()
            case .tell(let reason): tell([address], reason)
            case .doNothing: break
            }
        case .dropped:
            if open.dropped(address) { responder.answer(answer, to: address) }
        }
    }

    private func tell(_ addresses: [ResponseAddress], _ reason: Unanswered) {
        guard !addresses.isEmpty else { return }
        unanswered[reason, default: 0] += addresses.count
        for address in addresses { responder.answer(.dropped(reason.rawValue), to: address) }
    }

    // MARK: What the connection says

    /// Messages that routes see came this way; they are looked at only while a reply is awaited.
    func received(_ batch: MessageBatch, over leg: OpenRequests.Leg) {
        guard open.isAwaiting(over: leg) else { return }
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries {
                guard open.isAwaiting(over: leg) else { return }
                let payload = UnsafeRawBufferPointer(rebasing: bytes[entry.payload])
                guard matcher?.matches(payload, kind: entry.kind) ?? true else {
                    passedOver += 1
                    continue
                }
                switch open.replied(over: leg) {
                case .answer(let address):
                    replied += 1
                    responder.answer(with: payload, entry.kind, to: address)
                case .doNothing:
                    break
                }
            }
        }
    }

    func connectionLost() {
        let ended = open.connectionLost()
        if !ended.isEmpty {
            log.warning("the connection was lost before the reply to a request came")
        }
        tell(ended, .noReply)
    }

    /// The next connection took over.
    func renewed() { tell(open.renewed(), .noReply) }

    /// The connection before the present one is gone.
    func predecessorEnded() { tell(open.predecessorEnded(), .noReply) }

    func readingPaused() { open.readingPaused(now: eventLoop.now) }

    func readingResumed() {
        open.readingResumed(now: eventLoop.now)
        armTimer()
    }

    /// The gateway stops.
    func stop() {
        tell(open.stop(), .shutdown)
        timer?.cancel()
        timer = nil
    }

    // MARK: Time

    /// An armed timer is never too late: each request's time ends after that of those before it.
    private func armTimer() {
        guard timer == nil, let deadline = open.nextDeadline else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired() }
    }

    private func timerFired() {
        timer = nil
        let ended = open.timerFired(now: eventLoop.now)
        if !ended.isEmpty {
            let others = passedOver > 0 ? "; match took none of what came meanwhile, \(passedOver) in all" : ""
            log.warning("no reply to a request came within \(timeout.words)\(others)")
        }
        tell(ended, .noReply)
        armTimer()
    }
}
