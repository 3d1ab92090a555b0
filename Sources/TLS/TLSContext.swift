internal import COpenSSL

/// An OpenSSL client context with this project's one policy for one endpoint, for WebSocket and MQTT alike.
///
/// The policy: TLS 1.2 or newer, forward secrecy, no compression, no renegotiation, no resumption; the server's
/// certificate must lead to a trusted authority and be for the endpoint's name, by its subjectAltName alone and without
/// partial wildcards; pins come on top of that.
///
/// The name to verify lives in the context: make one per endpoint, and make it anew for each connect, so that files that
/// were replaced meanwhile are picked up. Making one reads files: a millisecond or so.
///
/// It can be used from any thread.
public final class TLSContext: Sendable {
    /// The name or address that the server's certificate has to be for.
    public var verifiedName: String { witness.name.text }

    /// Whether any certificate is accepted: to be shown in status and metrics.
    public var isInsecure: Bool { witness.isInsecure }

    /// What the owner should log as warnings at each connect; empty when all is well.
    public let warnings: [String]

    let witness: HandshakeWitness

    // SSL_CTX counts its references atomically and isn't changed any more after `init`.
    nonisolated(unsafe) private let context: OpaquePointer

    /// Makes a context for one endpoint.
    ///
    /// - Parameters:
    ///   - configuration: what to trust, to present and to insist on.
    ///   - host: the host that is connected to, as in a URL; `configuration.serverName` takes its place as the name that
    ///     is sent and verified.
    ///   - applicationProtocols: what to offer by ALPN (RFC 7301), such as `["http/1.1"]`; empty offers nothing.
    /// - Throws: ``TLSError`` for a file that can't be used or a name that can't be verified.
    public init(
        _ configuration: TLSConfiguration,
        host: String,
        applicationProtocols: [String] = []
    ) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        let name = try VerifiedName(configuration.serverName ?? host)
        witness = HandshakeWitness(configuration, name: name)
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw .library(OpenSSLErrorQueue.takeReason())
        }
        self.context = context
        var warnings: [String] = []
        do throws(TLSError) {
            try TLSPolicy.apply(to: context, minimumVersion: configuration.minimumVersion)
            try TLSPolicy.verify(name, in: context)
            try TLSPolicy.trust(configuration.caFile, in: context)
            try TLSPolicy.offer(applicationProtocols, in: context)
            warnings += try TLSPolicy.present(configuration, in: context)
            try witness.attach(to: context)
            TLSKeyLog.attach(to: context)
        } catch {
            // `deinit` doesn't run for a class whose initialization fails.
            SSL_CTX_free(context)
            OpenSSLErrorQueue.clear()
            throw error
        }
        if configuration.insecure {
            warnings.insert(Self.insecureWarning(name.text, isPinned: !configuration.pinnedSHA256.isEmpty), at: 0)
        }
        self.warnings = warnings
        OpenSSLErrorQueue.clear()
    }

    deinit {
        SSL_CTX_free(context)
    }

    /// Why the last handshake with this context failed, or the connection after it; `nil` if nothing is known.
    ///
    /// For an owner of the connection that only hears "TLS error", as from libmosquitto.
    public var lastFailure: TLSError? { witness.failure }

    /// Lends the `SSL_CTX *` to C code.
    ///
    /// libmosquitto takes a reference of its own (`MOSQ_OPT_SSL_CTX`); whoever keeps the pointer otherwise has to call
    /// `SSL_CTX_up_ref`. Whoever does the handshake need not set SNI or a verify callback: the context sees to both.
    package func withSSLContext<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try body(context)
    }

    private static func insecureWarning(_ name: String, isPinned: Bool) -> String {
        "tls.insecure is set: the certificate of \(name) is not verified, "
            + (isPinned
                ? "only its pin is"
                : "so anyone on the way can read and change everything, and log in with our credentials")
    }
}
