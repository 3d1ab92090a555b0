import NIOCore
import WSClient

/// The requests that a route gave to its connection: which of them a reply is for, and which end without one.
///
/// Nothing in a reply says what it answers: the oldest open request gets the next one. A server may answer before it is
/// known here that the request was written whole, so a request is open from the moment it is given to the connection;
/// its time runs from when it was sent, and stands still while nobody could have read the reply.
///
/// Above the limit requests stay in line without their addresses, so that their replies aren't taken for others'.
struct OpenRequests {
    /// How many can be open.
    static let limit = 1024

    /// Over which connection a message came.
    enum Leg: Sendable {
        case present
        /// The one before, which is being closed because the present one took over: it answers what it was asked.
        case predecessor
    }

    /// A request that the connection has, and of which nobody knows yet that it was written.
    private struct Given {
        enum Fate {
            case open
            /// Beyond the limit.
            case unheard
            /// It has its reply: that came over a connection that was lost then, so the request is sent again; or the
            /// gateway stops.
            case answered
        }

        var address: ResponseAddress
        var fate: Fate
    }

    /// Requests that were sent, in a row with one deadline, on the reading clock; without an address nobody waits.
    private struct Sent {
        var address: ResponseAddress?
        var count = 1
        var deadline: NIODeadline
    }

    private let timeout: TimeAmount
    private let limit: Int
    private var given = CircularBuffer<Given>()
    /// How many of those, from the front, have their reply already.
    private var repliedEarly = 0
    private var sent = CircularBuffer<Sent>()
    private var sentBefore = CircularBuffer<Sent>()
    /// What the queue still has although it is answered.
    private var answered: [ResponseAddress] = []
    /// How many are open.
    private(set) var count = 0
    private var clock = ReadingClock()
    private var isStopped = false

    init(timeout: TimeAmount, limit: Int = OpenRequests.limit) {
        self.timeout = timeout
        self.limit = limit
    }

    /// Whether a message that comes this way may be a reply.
    func isAwaiting(over leg: Leg) -> Bool {
        switch leg {
        case .present: !isStopped && (!sent.isEmpty || repliedEarly < given.count)
        case .predecessor: !sentBefore.isEmpty
        }
    }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        [sentBefore.first, sent.first].compactMap { $0.flatMap { clock.realTime(of: $0.deadline) } }.min()
    }

    // MARK: What the queue says

    /// The connection has the request now.
    mutating func given(_ address: ResponseAddress) {
        let fate: Given.Fate
        if let index = answered.firstIndex(of: address) {
            answered.remove(at: index)
            fate = .answered
        } else if count < limit {
            count += 1
            fate = .open
        } else {
            fate = .unheard
        }
        given.append(Given(address: address, fate: fate))
    }

    enum SentAction: Equatable, Sendable {
        /// For the reply.
        case wait
        case tell(Unanswered)
        case doNothing
    }

    /// The oldest request that was given went out.
    mutating func sent(_ address: ResponseAddress, now: NIODeadline) -> SentAction {
        guard let first = given.first, first.address == address else {
            assert(isStopped, "a request was sent that was not given")
            return .tell(.shutdown)
        }
        given.removeFirst()
        let isReplied = repliedEarly > 0
        if isReplied { repliedEarly -= 1 }
        let deadline = clock.time(at: now) + timeout
        switch first.fate {
        case .open where isReplied:
            return .doNothing
        case .open where isStopped:
            count -= 1
            return .tell(.shutdown)
        case .open:
            sent.append(Sent(address: address, deadline: deadline))
            return .wait
        case .unheard:
            if !isReplied { awaitUnheard(until: deadline) }
            return .tell(.tooManyRequests)
        case .answered:
            if !isReplied { awaitUnheard(until: deadline) }
            return .doNothing
        }
    }

    private mutating func awaitUnheard(until deadline: NIODeadline) {
        if let last = sent.indices.last, sent[last].address == nil {
            sent[last].count += 1
            sent[last].deadline = deadline
        } else {
            sent.append(Sent(address: nil, deadline: deadline))
        }
    }

    /// A request left the queue without being sent; says whether that is to be told.
    mutating func dropped(_ address: ResponseAddress) -> Bool {
        if let index = answered.firstIndex(of: address) {
            answered.remove(at: index)
            return false
        }
        // At the end the queue gives up what is on its way as well.
        guard isStopped,
            let index = given.indices.first(where: { given[$0].address == address && given[$0].fate == .answered })
        else { return true }
        given.remove(at: index)
        return false
    }

    // MARK: What the connection says

    enum ReplyAction: Equatable, Sendable {
        case answer(ResponseAddress)
        /// It is the reply to a request for which nobody waits, or none.
        case doNothing
    }

    /// A message came that may be a reply.
    mutating func replied(over leg: Leg) -> ReplyAction {
        guard !isStopped else { return .doNothing }
        switch leg {
        case .predecessor:
            return Self.takeFirst(of: &sentBefore, &count)
        case .present where !sent.isEmpty:
            return Self.takeFirst(of: &sent, &count)
        case .present:
            guard repliedEarly < given.count else { return .doNothing }
            let request = given[given.index(given.startIndex, offsetBy: repliedEarly)]
            repliedEarly += 1
            guard request.fate == .open else { return .doNothing }
            count -= 1
            return .answer(request.address)
        }
    }

    private static func takeFirst(of requests: inout CircularBuffer<Sent>, _ count: inout Int) -> ReplyAction {
        guard let first = requests.first else { return .doNothing }
        if first.count > 1 {
            requests[requests.startIndex].count -= 1
        } else {
            requests.removeFirst()
        }
        guard let address = first.address else { return .doNothing }
        count -= 1
        return .answer(address)
    }

    /// The next connection took over, with nothing of the present one on its way; returns what ends without a reply.
    mutating func renewed() -> [ResponseAddress] {
        assert(given.isEmpty, "a connection is replaced once it is drained")
        let ended = predecessorEnded()
        swap(&sent, &sentBefore)
        return ended
    }

    /// The connection before the present one is gone; returns what ends without a reply.
    mutating func predecessorEnded() -> [ResponseAddress] { removeAll(\.sentBefore) }

    /// The present connection is gone; returns what ends without a reply.
    ///
    /// What was given, but not known to be sent, the queue will give again.
    mutating func connectionLost() -> [ResponseAddress] {
        for (index, request) in given.enumerated() {
            switch request.fate {
            case .open where index < repliedEarly: answered.append(request.address)
            case .open: count -= 1
            case .answered: answered.append(request.address)
            case .unheard: break
            }
        }
        given.removeAll()
        repliedEarly = 0
        return removeAll(\.sent)
    }

    private mutating func removeAll(_ requests: WritableKeyPath<Self, CircularBuffer<Sent>>) -> [ResponseAddress] {
        let addresses = self[keyPath: requests].compactMap(\.address)
        self[keyPath: requests].removeAll()
        count -= addresses.count
        return addresses
    }

    /// Nothing is read for now: no reply can come.
    mutating func readingPaused(now: NIODeadline) { clock.paused(now: now) }

    mutating func readingResumed(now: NIODeadline) { clock.resumed(now: now) }

    // MARK: Time

    /// Returns what ends without a reply.
    mutating func timerFired(now: NIODeadline) -> [ResponseAddress] {
        let ended = Self.expire(&sentBefore, &clock, now) + Self.expire(&sent, &clock, now)
        count -= ended.count
        return ended
    }

    private static func expire(
        _ requests: inout CircularBuffer<Sent>,
        _ clock: inout ReadingClock,
        _ now: NIODeadline
    ) -> [ResponseAddress] {
        var ended: [ResponseAddress] = []
        while let first = requests.first, clock.hasPassed(first.deadline, now: now) {
            requests.removeFirst()
            if let address = first.address { ended.append(address) }
        }
        return ended
    }

    /// The gateway stops, and waits for no reply any more; returns what ends without one.
    mutating func stop() -> [ResponseAddress] {
        isStopped = true
        for index in given.indices.prefix(repliedEarly) where given[index].fate == .open {
            given[index].fate = .answered
        }
        repliedEarly = 0
        return removeAll(\.sentBefore) + removeAll(\.sent)
    }
}

/// Why a request that was sent, or is about to be, got no reply.
///
/// The raw value is the word in answers and stats.
enum Unanswered: String, Sendable, CaseIterable {
    /// None came in time, or the connection was lost before.
    case noReply = "no_reply"
    case tooManyRequests = "too_many_requests"
    case shutdown
}
