/// Guesses which of the known words was meant.
enum Suggestion {
    /// The nearest of `candidates`, if it is near enough to be meant: spelt in another case or with other
    /// separators, its beginning, or a third of its letters apart at most.
    static func closest(to word: String, among candidates: [String]) -> String? {
        let candidates = candidates.prefix(500)
        let plain = normalized(word)
        guard !plain.isEmpty, plain.count <= 64 else { return nil }
        if let same = candidates.first(where: { normalized($0) == plain }) { return same }
        if plain.count >= 3, let longer = candidates.first(where: { normalized($0).hasPrefix(plain) }) { return longer }
        let ranked = candidates.map { (word: $0, distance: distance(plain, normalized($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        let length = min(plain.count, normalized(best.word).count)
        return best.distance < length && best.distance <= max(1, length / 3) ? best.word : nil
    }

    /// Lower case, letters and digits only: `Send Keep-Alive?` and `send_keep_alive` are the same word.
    static func normalized(_ word: String) -> String {
        word.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
                var best = min(replaced, last[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
