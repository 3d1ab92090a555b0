import NIOCore

/// A thing that a connection carries, and that the rest of it can do without: status for the most part.
enum StatusPart: Hashable, Sendable {
    /// That the broker keeps messages: of the will, of status topics, of sinks with `retain`.
    case retain
    case will
    /// The subscription to commands.
    case commands
    /// The status topics.
    case topics
    /// The subscription of sources, by its index.
    case subscription(Int)
}

/// The point that a connection had reached when it ended.
enum ConnectionStage: Hashable, Sendable {
    /// CONNECT was sent.
    case connecting
    /// SUBSCRIBE was sent; this part's was the first that had no answer.
    case subscribing(StatusPart)
    /// A status message was the oldest unanswered one, and none was answered.
    case beginningStatus
    /// A message to be retained was the oldest unanswered one, and none of its sink was ever answered.
    case retaining
    case other
}

/// Finds the part of a connection that the broker won't have, so that status never shuts out data; without its effects.
///
/// The experiment is that of `PoisonSuspicion`: three connections in a row end at the same stage, one without the part
/// stands, and one with it ends there again. Then the connection goes on without, as long as the gateway runs.
struct PartSuspicion: Sendable {
    static let endsBeforeSuspicion = 3

    enum Mode: Equatable, Sendable {
        /// Next: without.
        case trusting
        /// This connection is without the part. Next: with, without another one, trusting.
        case without(StatusPart)
        /// This connection has it again. Next: trusting, and then with or without it for good.
        case with(StatusPart)
    }

    private(set) var mode = Mode.trusting
    private(set) var givenUp: Set<StatusPart> = []
    /// The stage at which the experiment's connections ended.
    private var stage = ConnectionStage.other
    /// The number of ends in a row, by stage.
    private var ends: [ConnectionStage: Int] = [:]
    private var life = TimeAmount.zero
    private let carried: Set<StatusPart>
    private let saysWhatItRetains: Bool

    /// - Parameters:
    ///   - carried: what this broker's connection has at all.
    ///   - saysWhatItRetains: whether CONNACK tells if the broker keeps retained messages: with MQTT 5.
    init(carried: Set<StatusPart>, saysWhatItRetains: Bool) {
        self.carried = carried
        self.saysWhatItRetains = saysWhatItRetains
    }

    /// True if this connection may have the part.
    func has(_ part: StatusPart) -> Bool {
        !givenUp.contains(part) && mode != .without(part)
    }

    /// The time that a connection has to stand before it counts as proof; `nil` = nothing is to be proved.
    var controlTime: TimeAmount? {
        mode == .trusting ? nil : PoisonSuspicion.controlTime(after: life)
    }

    /// True while status messages go one by one: the broker may be about to answer the first of them.
    var isCautious: Bool { ends[.beginningStatus] != nil }

    enum Verdict: Equatable, Sendable {
        case doNothing
        /// Try again at once.
        case hurry
        case giveUp(StatusPart)
    }

    /// A connection ended at this stage, `life` after it began, not by our own wish.
    mutating func ended(at end: ConnectionStage, life: TimeAmount) -> Verdict {
        switch mode {
        case .trusting:
            let count = (ends[end] ?? 0) + 1
            self.life = count == 1 ? life : max(self.life, life)
            // An attempt that didn't reach CONNACK says nothing of what comes after it.
            if end != .connecting { ends = [:] }
            ends[end] = count
            guard count >= Self.endsBeforeSuspicion, let part = parts(of: end).first else { return .doNothing }
            stage = end
            ends = [:]
            mode = .without(part)
            return .hurry
        case .without(let part):
            let candidates = parts(of: stage)
            guard let index = candidates.firstIndex(of: part), index + 1 < candidates.count else {
                trust()
                return .doNothing
            }
            mode = .without(candidates[index + 1])
            return .hurry
        case .with(let part):
            let isAgain = end == stage
            trust()
            guard isAgain else { return .doNothing }
            givenUp.insert(part)
            return .giveUp(part)
        }
    }

    /// A connection stood for `controlTime`, and a ping was answered on it.
    ///
    /// True: the caller ends it, and tries the part again.
    mutating func controlStood() -> Bool {
        switch mode {
        case .trusting:
            return false
        case .without(let part):
            mode = .with(part)
            return true
        case .with:
            trust()
            return false
        }
    }

    /// The stage was passed: what ended there before was chance.
    mutating func passed(_ passed: ConnectionStage) {
        ends[passed] = nil
    }

    /// All subscriptions are answered.
    mutating func passedSubscribing() {
        guard !ends.isEmpty else { return }
        ends = ends.filter { if case .subscribing = $0.key { false } else { true } }
    }

    /// The broker itself said so.
    mutating func giveUp(_ part: StatusPart) {
        givenUp.insert(part)
        trust()
    }

    private mutating func trust() {
        mode = .trusting
        ends = [:]
        stage = .other
    }

    /// The parts that may be the reason for an end at this stage, the smaller loss first.
    private func parts(of stage: ConnectionStage) -> [StatusPart] {
        let candidates: [StatusPart] =
            switch stage {
            case .connecting: carried.contains(.will) ? [.retain, .will] : []
            case .subscribing(let part): [part]
            case .beginningStatus: saysWhatItRetains ? [.topics] : [.retain, .topics]
            case .retaining: saysWhatItRetains ? [] : [.retain]
            case .other: []
            }
        return candidates.filter { carried.contains($0) && !givenUp.contains($0) }
    }
}
