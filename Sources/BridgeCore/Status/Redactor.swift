/// Hides secret values in what is shown of messages.
package struct Redactor: Sendable, Hashable {
    /// Shorter values hide too much to be useful.
    static let shortest = 4
    private static let mask = Array("***".utf8)

    private var secrets: [[UInt8]] = []

    package init(_ secrets: some Sequence<String> = []) {
        self.secrets = secrets.map { Array($0.utf8) }.filter { $0.count >= Self.shortest }
            .sorted { $0.count > $1.count }
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
