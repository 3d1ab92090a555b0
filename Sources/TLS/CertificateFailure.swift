/// A server's certificate that was refused: which check failed, for what name, and what certificate it was.
public struct CertificateFailure: Equatable, Sendable {
    /// The check that failed.
    public enum Check: Equatable, Sendable {
        /// Its time is over.
        case expired
        /// Its time has not come.
        case notYetValid
        /// It is for other names than the one that is connected to.
        case wrongName
        /// Signed by its own key and not among the trusted ones.
        case selfSigned
        /// No chain leads to a trusted authority.
        case unknownAuthority
        /// None of the configured pins is the certificate's.
        case pin
        /// It isn't meant for a TLS server.
        case purpose
        /// Key or signature algorithm is too weak; the text is OpenSSL's reason.
        case weak(String)
        /// Its authority revoked it.
        case revoked
        /// Any other reason, in OpenSSL's words.
        case other(String)
    }

    /// The check that failed.
    public let check: Check
    /// The name the certificate was checked against.
    public let name: String
    /// The certificate at fault: the server's own, or one above it; `nil` if OpenSSL named none.
    public let certificate: CertificateSummary?
    /// How far above the server's own certificate the one at fault is; 0 is the server's own.
    public let depth: Int
    /// The authorities file that was in use; `nil` is the system's store.
    public let authoritiesFile: String?

    /// A failure with all that is known of it.
    public init(
        check: Check,
        name: String,
        certificate: CertificateSummary?,
        depth: Int = 0,
        authoritiesFile: String? = nil
    ) {
        self.check = check
        self.name = name
        self.certificate = certificate
        self.depth = depth
        self.authoritiesFile = authoritiesFile
    }
}

extension CertificateFailure: CustomStringConvertible {
    /// One line: the failed check, the certificate, and what to do.
    public var description: String {
        guard let certificate else { return "\(whose) \(finding(nil))" }
        return "\(whose) \(finding(certificate)) (\(certificate))"
    }

    private var whose: String {
        depth == 0
            ? "the certificate of \(readable(name))"
            : "an authority's certificate above that of \(readable(name))"
    }

    private func finding(_ certificate: CertificateSummary?) -> String {
        switch check {
        case .expired:
            "expired on \(certificate?.notAfter.prefix(10) ?? "an unreadable date"): it has to be renewed"
        case .notYetValid:
            "is not valid before \(certificate?.notBefore ?? "an unreadable date"): is this machine's clock right?"
        case .wrongName:
            wrongName(certificate?.names ?? [])
        case .selfSigned:
            "is self-signed and not trusted: "
                + (authoritiesFile.map { "it is not in tls.ca_file \(readable($0))" } ?? "set tls.ca_file to it")
        case .unknownAuthority:
            "is signed by an unknown authority: "
                + (authoritiesFile.map { "tls.ca_file \(readable($0)) has no certificate of it" }
                    ?? "set tls.ca_file to the authority's certificate")
                + ", or the server doesn't send its intermediate certificates"
        case .pin:
            "matches none of tls.pin_sha256: its pin is \(certificate.map { Base64.encode($0.pin) } ?? "unknown"), "
                + "configure that only if the change of key is expected"
        case .purpose:
            "is not meant for a TLS server: it was issued for another purpose"
        case .weak(let reason):
            "is too weak (\(readable(reason))): it has to be replaced"
        case .revoked:
            "is revoked"
        case .other(let reason):
            "can't be verified: \(readable(reason))"
        }
    }

    private func wrongName(_ names: [String]) -> String {
        guard !names.isEmpty else {
            return "has no subjectAltName, so it is for no host at all (its CN isn't looked at): "
                + "it has to be issued anew with one for \(readable(name))"
        }
        return "is for [\(CertificateSummary.list(names))], not for \(readable(name)): "
            + "set tls.server_name if that is intended"
    }
}
