/// Why a TLS connection could not be made, or how it ended.
///
/// The description says which check failed, on what name, and what to do about it. It never holds a secret, and text
/// that came from the peer is escaped, so it can be logged as it is.
public enum TLSError: Error, Equatable, Sendable {
    /// A certificate, key or authority file can't be used.
    case file(TLSFileFailure)
    /// The text is no host name or address that a certificate could be checked against.
    case invalidName(String)
    /// The text is no pin; the second value says why.
    case invalidPin(String, reason: String)
    /// The server's certificate was refused.
    case certificate(CertificateFailure)
    /// The server offers no version as new as the oldest that is accepted.
    case protocolVersion(minimum: TLSConfiguration.Version, name: String)
    /// What answered doesn't speak TLS.
    case notTLS(name: String)
    /// The server insists on a client certificate and none is configured.
    case clientCertificateRequired(name: String)
    /// The server refused with an alert (RFC 8446 section 6).
    case alert(TLSAlert, name: String)
    /// The server ended the connection before the handshake was done.
    case closedInHandshake(name: String)
    /// The connection ended without close_notify: what was received may be cut short (RFC 8446 section 6.1).
    case truncated(name: String)
    /// The peer broke the protocol; the reason is OpenSSL's.
    case brokenProtocol(reason: String, name: String)
    /// More than `limit` bytes were written before the handshake was done.
    case writtenBeforeHandshake(limit: Int)
    /// A write on a connection that is closed or has failed.
    case closed
    /// OpenSSL refused something that has nothing to do with the peer; the reason is OpenSSL's.
    case library(String)

    /// Whether the server's certificate is what was refused.
    public var isCertificateProblem: Bool {
        if case .certificate = self { true } else { false }
    }

    /// Whether trying again soon is pointless, because a person has to put something right first.
    public var needsPerson: Bool {
        switch self {
        case .file, .invalidName, .invalidPin, .certificate, .protocolVersion, .clientCertificateRequired:
            true
        case .alert(let alert, _):
            alert.isAboutClientCertificate
        case .notTLS, .closedInHandshake, .truncated, .brokenProtocol, .writtenBeforeHandshake, .closed, .library:
            false
        }
    }
}

extension TLSError: CustomStringConvertible {
    /// One line for a log: what failed and what to do.
    public var description: String {
        switch self {
        case .file(let failure):
            failure.description
        case .invalidName(let name):
            "'\(readable(name))' is neither a host name nor an IP address that a certificate could be checked against: "
                + "write internationalized names in their xn-- form"
        case .invalidPin(let text, let reason):
            "'\(readable(text, limit: 80))' is no pin: \(reason); "
                + "a pin is the base64 of SHA-256 over the certificate's SubjectPublicKeyInfo, 44 characters"
        case .certificate(let failure):
            failure.description
        case .protocolVersion(.tls12, let name):
            "the server \(readable(name)) offers only TLS 1.1 or older: it has to be upgraded, older than TLS 1.2 is "
                + "never accepted"
        case .protocolVersion(.tls13, let name):
            "the server \(readable(name)) offers only TLS 1.2 or older: set tls.min_version to \"1.2\" if that will do"
        case .notTLS(let name):
            "\(readable(name)) does not speak TLS: is this the port of a plain-text service?"
        case .clientCertificateRequired(let name):
            "the server \(readable(name)) insists on a client certificate: set tls.cert_file and tls.key_file"
        case .alert(let alert, let name):
            "the server \(readable(name)) refused: \(alert)"
        case .closedInHandshake(let name):
            "the server \(readable(name)) closed the connection during the TLS handshake: is this the port "
                + "of a plain-text service?"
        case .truncated(let name):
            "the connection to \(readable(name)) ended without the TLS close_notify: the end may be missing"
        case .brokenProtocol(let reason, let name):
            "the TLS connection to \(readable(name)) broke: \(readable(reason))"
        case .writtenBeforeHandshake(let limit):
            "more than \(limit) bytes were written before the TLS handshake was done"
        case .closed:
            "the TLS connection is closed"
        case .library(let reason):
            "OpenSSL: \(readable(reason))"
        }
    }
}
