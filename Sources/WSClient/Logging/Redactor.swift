/// Hides secret values in what is shown of messages and reasons (requirement S7).
package struct Redactor: Sendable, Hashable {
    /// Shorter values hide too much to be useful.
    static let shortest = 4
    /// So much of a longer secret's beginning gives it away: servers cut what they quote.
    static let telling = 12
    /// Of values that change, such as a token in a file, the newest count.
    static let most = 256
    private static let mask = Array("***".utf8)

    /// What it hides, the newest last.
    private(set) package var values: [String] = []
    /// Each as it may stand in a text.
    private var secrets: [[UInt8]] = []

    package init(_ secrets: some Sequence<String> = []) {
        hide(secrets)
    }

    /// Hides these as well from now on.
    package mutating func hide(_ more: some Sequence<String>) {
        for secret in more {
            guard secret.utf8.count >= Self.shortest else { continue }
            values.removeAll { $0 == secret }
            values.append(secret)
        }
        values.removeFirst(max(0, values.count - Self.most))
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
