/// Hides secret values in what is shown of messages and reasons (requirement S7).
package struct Redactor: Sendable, Hashable {
    /// Shorter values hide too much to be useful.
    static let shortest = 4
    /// So much of a longer secret's beginning gives it away: servers cut what they quote.
    static let telling = 12
    /// Of values that change, such as a token in a file, the newest count.
    static let most = 256
    private static let mask = Array("***".utf8)

    /// What was known from the start, and is hidden for ever.
    private let lasting: [String]
    /// What came later, the newest last.
    private var later: [String] = []
    /// Each as it may stand in a text.
    private var secrets: [[UInt8]] = []

    package init(_ secrets: some Sequence<String> = []) {
        var seen: Set<String> = []
        lasting = secrets.filter { $0.utf8.count >= Self.shortest && seen.insert($0).inserted }
        self.secrets = lasting.flatMap(SecretForms.all)
    }

    /// What it hides, the newest last.
    package var values: [String] { lasting + later }

    /// Hides these as well from now on.
    package mutating func hide(_ more: some Sequence<String>) {
        for secret in more {
            guard secret.utf8.count >= Self.shortest, !lasting.contains(secret) else { continue }
            later.removeAll { $0 == secret }
            later.append(secret)
        }
        later.removeFirst(max(0, later.count - Self.most))
        secrets = values.flatMap(SecretForms.all)
    }

    package var isEmpty: Bool { secrets.isEmpty }

    /// The text with each secret replaced by `***`.
    package func redact(_ text: String) -> String {
        isEmpty ? text : String(decoding: redact(Array(text.utf8)), as: UTF8.self)
    }

    /// The bytes with each secret, also one that is cut off, replaced by `***`.
    package func redact(_ bytes: [UInt8]) -> [UInt8] {
        guard !secrets.isEmpty else { return bytes }
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let length = secretLength(in: bytes, at: index)
            if length > 0 {
                shown += Self.mask
                index += length
            } else {
                shown.append(bytes[index])
                index += 1
            }
        }
        return shown
    }

    /// How many bytes from here belong to a secret: the longest that fits.
    private func secretLength(in bytes: [UInt8], at index: Int) -> Int {
        var longest = 0
        for secret in secrets where secret[0] == bytes[index] {
            let end = min(bytes.count, index + secret.count)
            var length = 1
            while index + length < end, bytes[index + length] == secret[length] { length += 1 }
            let isCutByTheEnd = index + length == bytes.count && length >= Self.shortest
            if length >= min(secret.count, Self.telling) || isCutByTheEnd { longest = max(longest, length) }
        }
        return longest
    }
}
