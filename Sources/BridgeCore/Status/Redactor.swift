/// Hides secret values in what is shown of messages.
package struct Redactor: Sendable, Hashable {
    /// Shorter values hide too much to be useful.
    static let shortest = 4
    private static let mask = Array("***".utf8)

    private var secrets: [[UInt8]] = []

    package init(_ secrets: some Sequence<String> = []) {
        for secret in secrets { hide(secret) }
    }

    /// Hides another secret from now on.
    package mutating func hide(_ secret: String) {
        let bytes = Array(secret.utf8)
        guard bytes.count >= Self.shortest, !secrets.contains(bytes) else { return }
        // The longest first: one may begin another.
        secrets.insert(bytes, at: secrets.firstIndex { $0.count < bytes.count } ?? secrets.count)
    }

    package var isEmpty: Bool { secrets.isEmpty }

    /// The bytes with each secret, also one that is cut off at the end, replaced by `***`.
    package func redact(_ bytes: [UInt8]) -> [UInt8] {
        guard !secrets.isEmpty else { return bytes }
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if let length = secretLength(in: bytes, at: index) {
                shown += Self.mask
                index += length
            } else {
                shown.append(bytes[index])
                index += 1
            }
        }
        return shown
    }

    private func secretLength(in bytes: [UInt8], at index: Int) -> Int? {
        let rest = bytes[index...]
        for secret in secrets {
            if rest.starts(with: secret) { return secret.count }
            if rest.count < secret.count, rest.count >= Self.shortest, secret.starts(with: rest) { return rest.count }
        }
        return nil
    }
}
