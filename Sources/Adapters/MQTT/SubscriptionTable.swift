import BridgeCore

/// Which filters to subscribe to, and who wants a received message.
///
/// Overlapping filters are where messages get lost or doubled. With subscription identifiers (MQTT 5, section 3.8.2.1.2)
/// each delivery says which subscriptions it is for, whether the server sends one copy or several. Without them (3.1.1)
/// a server may send one copy for all filters, with the QoS of any of them, or one for each. Then a filter that another
/// one covers isn't subscribed to, overlapping ones all get the highest QoS, and every delivery goes to all that match.
/// What stays open: two filters that overlap in part (`a/+`, `+/b`) on a 3.1.1 server that sends several copies.
struct SubscriptionTable: Sendable {
    /// In the order of first mention; the identifier is the index + 1.
    private(set) var subscriptions: [Subscription] = []
    /// Sources that want what came through this gateway before.
    private(set) var echoing: Set<Int> = []

    mutating func add(_ filter: TopicFilter, qos: Int, source: Int, allowsEcho: Bool = false) {
        let index = index(of: filter, qos: qos)
        if allowsEcho {
            subscriptions[index].allowsEcho = true
            echoing.insert(source)
        }
        subscriptions[index].sources.append(source)
    }

    mutating func addCommands(_ filter: TopicFilter, qos: Int) {
        let index = index(of: filter, qos: qos)
        subscriptions[index].isCommands = true
    }

    private mutating func index(of filter: TopicFilter, qos: Int) -> Int {
        if let index = subscriptions.firstIndex(where: { $0.filter == filter }) {
            subscriptions[index].qos = max(subscriptions[index].qos, qos)
            return index
        }
        subscriptions.append(Subscription(filter: filter, qos: qos))
        return subscriptions.count - 1
    }

    /// A SUBSCRIBE to send.
    struct Request: Sendable, Equatable {
        /// Into `subscriptions`.
        var index: Int
        var qos: Int
    }

    /// The requests where deliveries carry identifiers: everything but `refused` ones, as it is wanted.
    func requestsWithIdentifiers(refused: Set<Int> = []) -> [Request] {
        subscriptions.indices.filter { !refused.contains($0) }.map { Request(index: $0, qos: subscriptions[$0].qos) }
    }

    /// What to subscribe to where they don't; `refused` ones are left out, and no longer cover others.
    func requestsWithoutIdentifiers(refused: Set<Int> = []) -> [Request] {
        subscriptions.indices.compactMap { index in
            let wanted = subscriptions[index]
            guard !refused.contains(index) else { return nil }
            let others = subscriptions.indices.filter { $0 != index && !refused.contains($0) }
            if others.contains(where: { subscriptions[$0].covers(wanted) }) { return nil }
            let overlapping = others.filter { subscriptions[$0].filter.overlaps(with: wanted.filter) }
            return Request(index: index, qos: overlapping.map { subscriptions[$0].qos }.reduce(wanted.qos, max))
        }
    }

    /// Appends the indices of the subscriptions that a received message is for.
    ///
    /// Identifiers count only where their filter matches: a session may hold subscriptions of an older configuration.
    /// Where none does, every filter that matches counts.
    func match(topic: UnsafeRawBufferPointer, identifiers: [UInt32], into matches: inout [Int]) {
        for identifier in identifiers {
            let index = Int(identifier) - 1
            guard subscriptions.indices.contains(index), subscriptions[index].filter.matches(topic) else { continue }
            matches.append(index)
        }
        guard matches.isEmpty else { return }
        for index in subscriptions.indices where subscriptions[index].filter.matches(topic) { matches.append(index) }
    }
}
