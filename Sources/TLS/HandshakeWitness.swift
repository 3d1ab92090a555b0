internal import COpenSSL
internal import NIOConcurrencyHelpers

/// What OpenSSL's callbacks on one `SSL_CTX` need to know and what they found out.
///
/// It belongs to the `SSL_CTX` (reference count of one in its ex_data), so it is there for as long as anyone, libmosquitto
/// too, may do a handshake with it. Callbacks come on whatever thread does the handshake.
final class HandshakeWitness: Sendable {
    let name: VerifiedName
    let minimumVersion: TLSConfiguration.Version
    let authoritiesFile: String?
    let pins: [[UInt8]]
    let isInsecure: Bool

    private struct Findings {
        var failure: TLSError?
        var wasAskedForCertificate = false
    }

    private let findings = NIOLockedValueBox(Findings())

    init(_ configuration: TLSConfiguration, name: VerifiedName) {
        self.name = name
        minimumVersion = configuration.minimumVersion
        authoritiesFile = configuration.caFile
        pins = configuration.pinnedSHA256
        isInsecure = configuration.insecure
    }

    /// The first thing that went wrong since the last handshake began.
    var failure: TLSError? {
        findings.withLockedValue { $0.failure }
    }

    func handshakeStarted() {
        findings.withLockedValue { $0 = Findings() }
    }

    func askedForCertificate() {
        findings.withLockedValue { $0.wasAskedForCertificate = true }
    }

    /// The first failure is the cause; what follows from it is not noted.
    func failed(_ error: TLSError) {
        findings.withLockedValue { findings in
            if findings.failure == nil {
                findings.failure = error
            }
        }
    }

    func receivedAlert(_ alert: TLSAlert) {
        let wasAsked = findings.withLockedValue { $0.wasAskedForCertificate }
        failed(failure(for: alert, wasAskedForCertificate: wasAsked))
    }

    private func failure(for alert: TLSAlert, wasAskedForCertificate: Bool) -> TLSError {
        switch alert.code {
        case 70: .protocolVersion(minimum: minimumVersion, name: name.text)
        case 116: .clientCertificateRequired(name: name.text)
        // Before TLS 1.3 there was no alert of its own for it.
        case 40 where wasAskedForCertificate: .clientCertificateRequired(name: name.text)
        default: .alert(alert, name: name.text)
        }
    }

    /// The error behind OpenSSL's code, unless a callback already knows better.
    func failed(code: UInt) {
        guard code != 0, failure == nil else { return }
        let reason = wsbridge_ERR_GET_REASON(code)
        guard wsbridge_ERR_GET_LIB(code) == ERR_LIB_SSL else {
            return failed(.brokenProtocol(reason: OpenSSLErrorQueue.reason(of: code), name: name.text))
        }
        switch reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW:
            failed(.protocolVersion(minimum: minimumVersion, name: name.text))
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            failed(.notTLS(name: name.text))
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            failed(.closedInHandshake(name: name.text))
        case (SSL_AD_REASON_OFFSET + 1)..<(SSL_AD_REASON_OFFSET + 256):
            receivedAlert(TLSAlert(code: UInt8(reason - SSL_AD_REASON_OFFSET)))
        default:
            failed(.brokenProtocol(reason: OpenSSLErrorQueue.reason(of: code), name: name.text))
        }
    }
}
