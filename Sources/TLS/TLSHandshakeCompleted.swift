/// The user event a ``TLSClientHandler`` fires when the handshake is done and the certificate is accepted.
public struct TLSHandshakeCompleted: Equatable, Sendable {
    /// As OpenSSL names it, such as `TLSv1.3`.
    public let protocolVersion: String
    /// As OpenSSL names it, such as `TLS_AES_256_GCM_SHA384`.
    public let cipher: String
    /// The protocol that ALPN settled on (RFC 7301), such as `http/1.1`; `nil` if none.
    public let applicationProtocol: String?
    /// The server's own certificate.
    public let peerCertificate: CertificateSummary?
}
