/// Names whose values are likely ones that others must not read: of headers, query values, cookies and environment
/// variables alike (requirement S7).
package enum SecretName {
    package static let words = [
        "auth", "cookie", "token", "key", "secret", "pass", "credential", "session", "signature",
    ]

    /// True for a name that holds one of the words, in letters of either case.
    package static func matches(_ name: some StringProtocol) -> Bool {
        let lower = name.lowercased()
        return words.contains { lower.contains($0) }
    }
}
