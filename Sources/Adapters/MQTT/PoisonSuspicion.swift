import NIOCore

/// A message as it is known again over connections: by its owner, its place there, and what it says.
///
/// The place alone would not do: while the broker is away the queue may let go what stood there.
struct MessageIdentity: Equatable, Sendable {
    /// A sink's index, or `PacketIdentifierTable.status`.
    var owner: UInt16
    /// The number of the owner's messages that were settled before it; 0 for status messages, which are known by their topic.
    var position: UInt64
    var digest: Int
}

/// The messages that the broker had not acknowledged when a connection ended.
struct Flight: Equatable, Sendable {
    /// One owner's part of it.
    struct Part: Equatable, Sendable {
        var oldest: MessageIdentity
        var count: Int
    }

    /// By owner; the one whose message is the oldest of all comes first.
    var parts: [Part] = []
    /// From the last publish, or from the beginning of the connection, to its end.
    var life = TimeAmount.zero
    /// True if nobody closed the connection: the broker, or the network, fell silent, and may only be late.
    var isSilence = false
    /// True if the broker's DISCONNECT named a message as the reason.
    var isNamed = false

    var count: Int { parts.reduce(0) { $0 + $1.count } }
}

/// Finds the message over which a broker ends the connection again and again, without its effects.
///
/// Nobody says which one it is: MQTT 3.1.1 has no refusal, and with MQTT 5 too many brokers just hang up. So it takes an
/// experiment in three parts: the connection ends with the suspect alone in flight; one without it stands, and
/// answers another message or at least a ping; and one with nothing but the suspect ends again. A broker that ends every
/// connection fails the second, one that came back meanwhile the third.
struct PoisonSuspicion: Sendable {
    /// So many connections in a row end with the same message as an owner's oldest before anybody is suspected.
    static let endsBeforeSuspicion = 3
    /// A connection without the accused has to stand so long, or half as long again as the one that it ended.
    static let shortestControl = TimeAmount.seconds(1)
    /// More than an acknowledgement is waited for (`StallGuard`): an end that was noticed late counts as no longer life.
    static let longestControl = TimeAmount.seconds(90)

    /// The time that a control has to stand, by the life of the connection that ended.
    static func controlTime(after life: TimeAmount) -> TimeAmount {
        min(longestControl, max(shortestControl, .nanoseconds(life.nanoseconds + life.nanoseconds / 2)))
    }

    /// The finding of a connection without the accused.
    enum Evidence: Equatable, Sendable {
        case none
        /// It stood and answered a ping, but a message that waits was not tried.
        case ping
        /// It stood and answered another message, or a ping where no other message was there.
        case enough
    }

    struct Accused: Equatable, Sendable {
        var identity: MessageIdentity
        /// The longest that a connection lived after it was sent.
        var life: TimeAmount
        var evidence = Evidence.none
        /// The broker itself said that it is about a message.
        var isNamed: Bool
        /// The number of messages that were tried in its place and ended the connection too.
        var passedOver = 0

        /// The time that a connection without it has to stand.
        var controlTime: TimeAmount { PoisonSuspicion.controlTime(after: life) }

        /// True if a message that waits behind it, at the same sink, may go first.
        ///
        /// Should the accused be innocent after all, the two arrive in the wrong order: so a ping has to be answered before,
        /// unless the broker's own words leave no doubt that it lives.
        var yieldsToItsOwn: Bool { isNamed || evidence != .none }
    }

    enum Mode: Equatable, Sendable {
        /// Next: isolating.
        case trusting
        /// One message at a time. Next: trusting, control.
        case isolating
        /// This connection is without the accused. Next: trial, isolating.
        case control(Accused)
        /// This connection has nothing but the accused. Next: control, isolating, trusting.
        case trial(Accused)
    }

    private(set) var mode = Mode.trusting
    /// The owners of what was in flight, each with the number that still goes one by one; the most suspicious first.
    private var suspects: [(owner: UInt16, left: Int)] = []
    private var counts: [UInt16: (oldest: MessageIdentity, ends: Int)] = [:]
    /// The last accused whose experiment said nothing.
    private var unproven: Accused?

    /// True while messages are held back.
    var isActive: Bool {
        if case .trusting = mode { false } else { true }
    }

    /// The owners whose messages go first, one by one.
    var owners: [UInt16] { suspects.map(\.owner) }

    var suspectCount: Int { suspects.reduce(0) { $0 + $1.left } }

    enum Verdict: Equatable, Sendable {
        case doNothing
        /// Try again at once: something was learnt, or is about to be.
        case hurry
        /// The message that is alone in flight is the reason.
        case giveUp
    }

    /// A connection ended, not by our own wish, on which messages could be published.
    mutating func ended(_ flight: Flight) -> Verdict {
        switch mode {
        case .trusting:
            return flight.isSilence ? .doNothing : count(flight)
        case .isolating:
            guard !flight.isSilence, flight.count == 1, let identity = flight.parts.first?.oldest else {
                return .doNothing
            }
            let known = unproven.flatMap { $0.identity == identity ? $0 : nil }
            var accused = known ?? Accused(identity: identity, life: flight.life, isNamed: false)
            unproven = nil
            accuse(&accused, flight)
            return .hurry
        case .control(var accused):
            // Nothing is known of the accused; what was sent in its place may be as bad.
            if flight.count > 0 { accused.passedOver += 1 }
            // The broker's words hold: the accused need not be sent again before another one was answered.
            if flight.isNamed, accused.isNamed, flight.count > 0 {
                mode = .control(accused)
                return .doNothing
            }
            leaveUnproven(accused)
            return .doNothing
        case .trial(var accused):
            guard !flight.isSilence else {
                leaveUnproven(accused)
                return .doNothing
            }
            guard flight.count == 1, flight.parts.first?.oldest == accused.identity else { return .doNothing }
            if accused.evidence == .enough {
                let owner = accused.identity.owner
                // Those that were tried in its place, in vain, are suspects too.
                if let index = suspects.firstIndex(where: { $0.owner == owner }) {
                    suspects[index].left = max(suspects[index].left, accused.passedOver + 1)
                }
                settled(owner)
                return .giveUp
            }
            accuse(&accused, flight)
            return .hurry
        }
    }

    /// A message of this owner was answered, well or not.
    mutating func answered(_ owner: UInt16) {
        switch mode {
        case .trusting, .control: break
        case .isolating, .trial: settled(owner)
        }
    }

    /// The owner has none any more of those that were in flight.
    mutating func hasNone(_ owner: UInt16) {
        suspects.removeAll { $0.owner == owner }
        if mode == .isolating, suspects.isEmpty { mode = .trusting }
    }

    /// The connection without the accused stood, and this was answered.
    ///
    /// The caller ends it: the accused comes on a connection of its own.
    mutating func controlStood(_ evidence: Evidence) {
        guard case .control(var accused) = mode else { return }
        accused.evidence = evidence
        mode = .trial(accused)
    }

    /// The accused is no longer there: it expired, or a newer one took its place.
    mutating func accusedIsGone() {
        switch mode {
        case .control(let accused), .trial(let accused): settled(accused.identity.owner)
        case .trusting, .isolating: break
        }
    }

    /// Begins anew.
    mutating func forget() {
        self = PoisonSuspicion()
    }

    private mutating func count(_ flight: Flight) -> Verdict {
        guard !flight.parts.isEmpty else { return .doNothing }
        var next: [UInt16: (oldest: MessageIdentity, ends: Int)] = [:]
        for part in flight.parts {
            let owner = part.oldest.owner
            let before = counts[owner].flatMap { $0.oldest == part.oldest ? $0.ends : nil } ?? 0
            next[owner] = (part.oldest, before + 1)
        }
        counts = next
        let repeated = flight.parts.filter { (next[$0.oldest.owner]?.ends ?? 0) >= Self.endsBeforeSuspicion }
        guard flight.isNamed || !repeated.isEmpty else { return .doNothing }
        suspects = (repeated + flight.parts.filter { !repeated.contains($0) }).map { ($0.oldest.owner, $0.count) }
        counts = [:]
        mode = .isolating
        return flight.isNamed ? .hurry : .doNothing
    }

    private mutating func leaveUnproven(_ accused: Accused) {
        unproven = accused
        unproven?.evidence = .none
        mode = .isolating
    }

    private mutating func accuse(_ accused: inout Accused, _ flight: Flight) {
        accused.life = max(accused.life, flight.life)
        accused.isNamed = accused.isNamed || flight.isNamed
        mode = .control(accused)
    }

    /// One of the owner's is no longer in question.
    private mutating func settled(_ owner: UInt16) {
        if let index = suspects.firstIndex(where: { $0.owner == owner }) {
            suspects[index].left -= 1
            if suspects[index].left <= 0 { suspects.remove(at: index) }
        }
        unproven = nil
        mode = suspects.isEmpty ? .trusting : .isolating
    }
}
