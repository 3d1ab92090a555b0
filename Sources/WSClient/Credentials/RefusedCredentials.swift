import TLS

/// Counts how often a server refused the same credentials, for one that bans who comes with them again and again.
///
/// They are known by a digest only. Attempts that a command asked for count like the others.
struct RefusedCredentials {
    /// After so many refusals the same are offered no more.
    static let most = 3
    /// So many different ones are remembered.
    private static let mostKinds = 16

    /// The identity of a set of credentials, which tells it from others.
    struct Identity: Hashable, Sendable {
        private let digest: [UInt8]

        /// `nil` without any secret: then nothing else could be offered.
        init?(headers: [(name: String, value: String)], spoken: [String]) {
            guard !headers.isEmpty || !spoken.isEmpty else { return nil }
            let parts = headers.flatMap { [$0.name.lowercased(), $0.value] } + ["spoken"] + spoken
            digest = Digest.sha256(Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
        }
    }

    private var counts: [(identity: Identity, count: Int)] = []

    /// True once they were refused so often that another attempt with them is useless.
    func areUseless(_ identity: Identity?) -> Bool {
        counts.contains { $0.identity == identity && $0.count >= Self.most }
    }

    /// The server refused these.
    mutating func refused(_ identity: Identity?) {
        guard let identity else { return }
        let before = counts.first { $0.identity == identity }?.count ?? 0
        forget(identity)
        counts.append((identity, before + 1))
        counts.removeFirst(max(0, counts.count - Self.mostKinds))
    }

    /// The server took these.
    mutating func accepted(_ identity: Identity?) {
        guard let identity else { return }
        forget(identity)
    }

    private mutating func forget(_ identity: Identity) { counts.removeAll { $0.identity == identity } }
}
