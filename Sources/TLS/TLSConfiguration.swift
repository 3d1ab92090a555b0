/// What a TLS client trusts, presents and insists on: the `tls:` block of a connection or a broker.
public struct TLSConfiguration: Sendable, Hashable {
    /// The oldest protocol version that is accepted.
    public enum Version: String, Sendable, Hashable, CaseIterable {
        /// TLS 1.2 (RFC 5246), the default.
        case tls12 = "1.2"
        /// TLS 1.3 (RFC 8446).
        case tls13 = "1.3"
    }

    /// PEM file of the certificate authorities to trust; `nil` trusts the system's store.
    public var caFile: String?
    /// PEM file of the client certificate and its chain; needs `keyFile`.
    public var certificateFile: String?
    /// PEM file of the client certificate's private key; needs `certificateFile`.
    public var keyFile: String?
    /// The name sent as SNI and verified in the server's certificate; `nil` takes the host that is connected to.
    public var serverName: String?
    /// The oldest protocol version that is accepted.
    public var minimumVersion: Version
    /// SHA-256 over SubjectPublicKeyInfo, 32 bytes each; when not empty the server's leaf must match one of them,
    /// on top of verification.
    public var pinnedSHA256: [[UInt8]]
    /// Accepts any certificate (pins, where given, still count).
    ///
    /// Said loudly at each connect.
    public var insecure: Bool

    /// A policy of system trust and TLS 1.2 or newer, unless told otherwise.
    public init(
        caFile: String? = nil,
        certificateFile: String? = nil,
        keyFile: String? = nil,
        serverName: String? = nil,
        minimumVersion: Version = .tls12,
        pinnedSHA256: [[UInt8]] = [],
        insecure: Bool = false
    ) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
        self.minimumVersion = minimumVersion
        self.pinnedSHA256 = pinnedSHA256
        self.insecure = insecure
    }
}
