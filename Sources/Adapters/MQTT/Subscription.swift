import BridgeCore

/// One topic filter that this client subscribes to, for one or several sources or for commands.
struct Subscription: Sendable, Equatable {
    var filter: TopicFilter
    /// 0 or 1: the highest of those who want it.
    var qos: Int
    var sources: [Int] = []
    /// Whether one of its sources wants what this client publishes itself.
    var allowsEcho = false
    /// Whether messages on it are commands.
    var isCommands = false

    /// Whether every topic that `other` matches is matched by this one too.
    func covers(_ other: Subscription) -> Bool {
        guard filter.shareName == nil, other.filter.shareName == nil else { return false }
        let mine = filter.description.split(separator: "/", omittingEmptySubsequences: false)
        let theirs = other.filter.description.split(separator: "/", omittingEmptySubsequences: false)
        if mine[0] == "#" || mine[0] == "+", theirs[0].hasPrefix("$") { return false }
        for (index, level) in mine.enumerated() {
            if level == "#" { return true }
            guard index < theirs.count else { return false }
            if level == "+" ? theirs[index] == "#" : level != theirs[index] { return false }
        }
        // `a/b` and `a/b/#`: what has more levels isn't covered.
        return mine.count == theirs.count
    }
}
