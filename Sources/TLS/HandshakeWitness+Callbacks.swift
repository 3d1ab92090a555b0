internal import COpenSSL

extension HandshakeWitness {
    /// Gives the witness to the `SSL_CTX`, which keeps it until the last reference to the `SSL_CTX` is gone.
    func attach(to context: OpaquePointer) throws(TLSError) {
        let reference = Unmanaged.passRetained(self).toOpaque()
        guard SSL_CTX_set_ex_data(context, Self.index, reference) == 1 else {
            Unmanaged<HandshakeWitness>.fromOpaque(reference).release()
            throw .library(OpenSSLErrorQueue.takeReason())
        }
        SSL_CTX_set_cert_verify_callback(context, verifyCallback, reference)
        SSL_CTX_set_client_cert_cb(context, clientCertificateCallback)
        SSL_CTX_set_info_callback(context, infoCallback)
    }

    static func of(_ context: OpaquePointer?) -> HandshakeWitness? {
        guard let context, let reference = SSL_CTX_get_ex_data(context, index) else { return nil }
        return Unmanaged<HandshakeWitness>.fromOpaque(reference).takeUnretainedValue()
    }

    private static let index: Int32 = wsbridge_SSL_CTX_get_ex_new_index { _, reference, _, _, _, _ in
        guard let reference else { return }
        Unmanaged<HandshakeWitness>.fromOpaque(reference).release()
    }
}

private func verifyCallback(_ store: OpaquePointer?, _ reference: UnsafeMutableRawPointer?) -> Int32 {
    guard let store, let reference else { return 0 }
    return Unmanaged<HandshakeWitness>.fromOpaque(reference).takeUnretainedValue().accepts(store) ? 1 : 0
}

/// Called when the server asks for a certificate and none is configured; 0 goes on without.
private func clientCertificateCallback(
    _ ssl: OpaquePointer?,
    _ certificate: UnsafeMutablePointer<OpaquePointer?>?,
    _ key: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    HandshakeWitness.of(SSL_get_SSL_CTX(ssl))?.askedForCertificate()
    return 0
}

private func infoCallback(_ ssl: OpaquePointer?, _ location: Int32, _ value: Int32) {
    guard let ssl, let witness = HandshakeWitness.of(SSL_get_SSL_CTX(ssl)) else { return }
    if location & SSL_CB_HANDSHAKE_START != 0 {
        // TLS 1.3 says "start" for each session ticket and key update as well.
        guard SSL_get_current_cipher(ssl) == nil else { return }
        witness.handshakeStarted()
        nameServer(ssl, witness.name)
    } else if location & SSL_CB_READ_ALERT == SSL_CB_READ_ALERT {
        let alert = TLSAlert(code: UInt8(truncatingIfNeeded: value))
        // user_canceled and warnings of TLS 1.2 don't end anything by themselves.
        let isFatal = value >> 8 == SSL3_AL_FATAL
        guard isFatal, alert.code != 0 else { return }
        witness.receivedAlert(alert)
    } else if location & SSL_CB_CONNECT_EXIT == SSL_CB_CONNECT_EXIT, value <= 0 {
        witness.failed(code: OpenSSLErrorQueue.newest)
    }
}

/// SNI carries the verified name and never an address (RFC 6066 section 3), whatever the owner of the connection set:
/// libmosquitto sends the host that it connects to, addresses included.
private func nameServer(_ ssl: OpaquePointer, _ name: VerifiedName) {
    switch name {
    case .host(let host): _ = wsbridge_SSL_set_tlsext_host_name(ssl, host)
    case .address: _ = wsbridge_SSL_set_tlsext_host_name(ssl, nil)
    }
}
