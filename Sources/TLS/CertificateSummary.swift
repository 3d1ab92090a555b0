/// What a log line or a status page says about a certificate.
///
/// The texts come from the peer; they are escaped and cut, and fit for a log.
public struct CertificateSummary: Equatable, Sendable {
    /// The subject as in RFC 4514, such as `CN=broker.example.com,O=Example`.
    public let subject: String
    /// The issuer in the same form.
    public let issuer: String
    /// The start of its time, as `2026-01-02T03:04:05Z`.
    public let notBefore: String
    /// The end of its time, in the same form.
    public let notAfter: String
    /// The names it is for, as `DNS:example.com` or `IP:192.0.2.1`; at most 64 of them.
    public let names: [String]
    /// SHA-256 over its SubjectPublicKeyInfo, 32 bytes: what `pin_sha256` is compared to.
    public let pin: [UInt8]

    /// A summary of given parts.
    public init(
        subject: String,
        issuer: String,
        notBefore: String,
        notAfter: String,
        names: [String],
        pin: [UInt8]
    ) {
        self.subject = subject
        self.issuer = issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.names = names
        self.pin = pin
    }

    /// The first of the names in one text, with a count of the rest.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown), and \(names.count - 8) more" : shown
    }
}

extension CertificateSummary: CustomStringConvertible {
    /// Subject, issuer and dates in one line.
    public var description: String {
        "subject \(subject.isEmpty ? "empty" : subject), issuer \(issuer.isEmpty ? "empty" : issuer), "
            + "valid \(notBefore) to \(notAfter)"
    }
}
