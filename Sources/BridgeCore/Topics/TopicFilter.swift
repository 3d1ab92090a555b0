/// A topic filter (MQTT 5, section 4.7): `+` stands for one level, `#` at the end for all that follow and for the level
/// before it.
///
/// A filter that begins with a wildcard doesn't match topics that begin with `$`.
///
/// `$share/NAME/FILTER` is a shared subscription (section 4.8.2): it matches as FILTER does.
package struct TopicFilter: Sendable, Hashable, CustomStringConvertible {
    /// The filter as written.
    package let description: String
    /// The group of a shared subscription.
    package let shareName: String?
    /// What is matched, without `$share/NAME/`.
    let pattern: ContiguousArray<UInt8>

    package init(_ text: String) throws(TopicFilterError) {
        if let problem = MQTTText.problem(with: text) { throw TopicFilterError(reason: "the filter \(problem)") }
        var levels = text.split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count <= TopicText.maximumLevels else {
            throw TopicFilterError(reason: "the filter has more than \(TopicText.maximumLevels) levels")
        }
        if levels[0] == "$share" {
            guard levels.count >= 3, !levels[1].isEmpty, !levels[1].contains(where: { $0 == "+" || $0 == "#" }) else {
                throw TopicFilterError(reason: "a shared subscription is written $share/GROUP/FILTER")
            }
            shareName = String(levels[1])
            levels.removeFirst(2)
        } else {
            shareName = nil
        }
        try Self.check(levels)
        description = text
        pattern = ContiguousArray(levels.joined(separator: "/").utf8)
    }

    /// Of a pattern that is known to be right.
    init(pattern: String) {
        description = pattern
        shareName = nil
        self.pattern = ContiguousArray(pattern.utf8)
    }

    private static func check(_ levels: [Substring]) throws(TopicFilterError) {
        guard levels != [""] else { throw TopicFilterError(reason: "the filter is empty; # stands for every topic") }
        for (index, level) in levels.enumerated() {
            if level.contains("#"), level != "#" || index != levels.count - 1 {
                throw TopicFilterError(reason: "# stands alone in the last level, as in a/b/#")
            }
            if level.contains("+"), level != "+" {
                throw TopicFilterError(reason: "+ stands alone in its level, as in a/+/b")
            }
        }
    }

    /// Whether the filter matches a topic that `TopicName.isValid`.
    package func matches(_ topic: UnsafeRawBufferPointer) -> Bool {
        pattern.withUnsafeBytes { pattern in Self.matches(pattern, topic) }
    }

    private static func matches(_ pattern: UnsafeRawBufferPointer, _ topic: UnsafeRawBufferPointer) -> Bool {
        if topic.first == UInt8(ascii: "$"), pattern[0] != UInt8(ascii: "$") { return false }
        var position = 0
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "#"): return true
            case UInt8(ascii: "+"):
                index += 1
                while position < topic.count, topic[position] != UInt8(ascii: "/") { position += 1 }
            case let byte where position < topic.count && byte == topic[position]:
                index += 1
                position += 1
            default:
                // `a/#` also matches `a`.
                return position == topic.count && index == pattern.count - 2 && pattern[index] == UInt8(ascii: "/")
                    && pattern[index + 1] == UInt8(ascii: "#")
            }
        }
        return position == topic.count
    }

    /// Whether every topic it matches lies below `base`, or is it.
    func isBelow(_ base: String) -> Bool {
        pattern.elementsEqual(base.utf8) || pattern.starts(with: (base + "/").utf8)
    }

    /// Whether there is a topic that both filters match.
    package func overlaps(with other: TopicFilter) -> Bool {
        let levels = pattern.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let others = other.pattern.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let plus = [UInt8(ascii: "+")][...]
        let hash = [UInt8(ascii: "#")][...]
        for index in 0..<max(levels.count, others.count) {
            let level = index < levels.count ? levels[index] : nil
            let another = index < others.count ? others[index] : nil
            let isWild = level == plus[...] || level == hash
            let isOtherWild = another == plus || another == hash
            if index == 0, isWild != isOtherWild, (isWild ? another : level)?.first == UInt8(ascii: "$") {
                return false
            }
            if level == hash || another == hash { return true }
            guard let level, let another, isWild || isOtherWild || level == another else { return false }
        }
        return true
    }
}

/// What is wrong with a topic filter, and what to write instead.
package struct TopicFilterError: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String

    package var description: String { reason }
}
