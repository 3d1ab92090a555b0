import NIOCore

/// IPv6 or IPv4.
enum AddressFamily: Hashable, Sendable, CaseIterable {
    case ipv6
    case ipv4

    var other: AddressFamily { self == .ipv6 ? .ipv4 : .ipv6 }
}

/// Decides which address of a name to try when (RFC 8305): IPv6 and IPv4 in turn, staggered, the first to answer wins.
///
/// The address that worked last time goes first. Harmless races that are ignored: a timer that fires when nothing waits
/// for it, a failure after the race is over.
struct AddressRace {
    /// RFC 8305, section 3: how long the IPv4 addresses wait for the answer with the IPv6 ones.
    static let resolutionDelay = TimeAmount.milliseconds(50)
    /// RFC 8305, section 5: from the beginning of one attempt to that of the next.
    static let attemptDelay = TimeAmount.milliseconds(250)
    /// So many addresses of a family are tried; a name with more has others next time.
    static let mostOfAFamily = 8

    enum State: Equatable {
        /// No address yet. Next: `waiting`, `racing`, `over`.
        case resolving
        /// IPv4 addresses are there, the IPv6 ones may still come. Next: `racing`.
        case waiting
        /// Attempts run, or the last one failed and further addresses may come. Next: `over`.
        case racing
        case over
    }

    struct Failure: Equatable {
        var address: SocketAddress
        /// In few words, without the address.
        var reason: String
    }

    private(set) var state = State.resolving
    /// In the order in which they happened.
    private(set) var failures: [Failure] = []
    private(set) var lookupErrors: [AddressLookupError] = []
    private(set) var running: [SocketAddress] = []
    private var unanswered: Set<AddressFamily> = [.ipv6, .ipv4]
    private var untried: [AddressFamily: [SocketAddress]] = [:]
    private var nextFamily = AddressFamily.ipv6
    /// The last attempt had its time, and there was nothing else to try.
    private var isOverdue = false
    private let preferred: SocketAddress?

    init(preferred: SocketAddress? = nil) {
        self.preferred = preferred
    }

    /// Whether DNS has not said all it knows.
    var isLookingUp: Bool { !unanswered.isEmpty }

    enum Action: Equatable {
        /// The timer for the next attempt starts anew with it.
        case connect(SocketAddress)
        /// Wait `resolutionDelay` for the other family.
        case waitForOtherFamily
        /// Nothing is left to try.
        case fail
        case doNothing
    }

    /// DNS answered for a family.
    mutating func answered(_ family: AddressFamily, _ answer: NameResolver.Answer) -> Action {
        guard state != .over, unanswered.remove(family) != nil else { return .doNothing }
        switch answer {
        case .success(let addresses): keep(addresses, of: family)
        case .failure(let error): lookupErrors.append(error)
        }
        switch state {
        case .resolving, .waiting:
            let hasIPv6 = !(untried[.ipv6] ?? []).isEmpty
            let hasAny = hasIPv6 || !(untried[.ipv4] ?? []).isEmpty
            guard hasAny else { return isLookingUp ? .doNothing : failed() }
            guard hasIPv6 || !isLookingUp || knowsPreferred else {
                state = .waiting
                return .waitForOtherFamily
            }
            return begin()
        case .racing:
            return running.isEmpty || isOverdue ? next() : .doNothing
        case .over:
            return .doNothing
        }
    }

    /// `resolutionDelay` is over.
    mutating func resolutionDelayPassed() -> Action {
        state == .waiting ? begin() : .doNothing
    }

    /// `attemptDelay` is over, and the last attempt has not ended.
    mutating func attemptDelayPassed() -> Action {
        guard state == .racing else { return .doNothing }
        guard let address = takeNext() else {
            isOverdue = true
            return .doNothing
        }
        return start(address)
    }

    /// An attempt failed.
    mutating func failed(_ address: SocketAddress, _ reason: String) -> Action {
        guard state == .racing, let index = running.firstIndex(of: address) else { return .doNothing }
        running.remove(at: index)
        failures.append(Failure(address: address, reason: reason))
        return next()
    }

    /// An attempt succeeded, or nobody wants the race any more.
    mutating func end() { state = .over }

    // MARK: -

    private var knowsPreferred: Bool {
        untried.values.contains { $0.first == preferred && preferred != nil }
    }

    private mutating func keep(_ addresses: [SocketAddress], of family: AddressFamily) {
        var kept: [SocketAddress] = []
        if let preferred, addresses.contains(preferred) { kept.append(preferred) }
        for address in addresses where !kept.contains(address) && kept.count < Self.mostOfAFamily {
            kept.append(address)
        }
        untried[family] = kept
        if let preferred, kept.first == preferred { nextFamily = family }
    }

    private mutating func begin() -> Action {
        state = .racing
        return next()
    }

    private mutating func next() -> Action {
        if let address = takeNext() { return start(address) }
        return running.isEmpty && !isLookingUp ? failed() : .doNothing
    }

    private mutating func start(_ address: SocketAddress) -> Action {
        isOverdue = false
        running.append(address)
        return .connect(address)
    }

    private mutating func takeNext() -> SocketAddress? {
        for family in [nextFamily, nextFamily.other] {
            guard var list = untried[family], !list.isEmpty else { continue }
            let address = list.removeFirst()
            untried[family] = list
            nextFamily = family.other
            return address
        }
        return nil
    }

    private mutating func failed() -> Action {
        state = .over
        return .fail
    }
}
