import COpenSSL
import NIOCore
import Testing

/// The other side: a TLS server of OpenSSL's own making over its own memory BIOs.
final class ServerPeer {
    private let context: OpaquePointer
    let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    private(set) var received: [UInt8] = []
    private(set) var isHandshakeDone = false
    private(set) var hasReceivedEnd = false
    /// The reason of the first failure, in OpenSSL's words.
    private(set) var failure: String?

    init(_ identity: Identity, chain: [Identity] = [], _ configure: (OpaquePointer) -> Void = { _ in }) throws {
        context = try #require(SSL_CTX_new(TLS_server_method()))
        // A server may be weaker than the client's policy: that is what the tests are about.
        SSL_CTX_set_security_level(context, 0)
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
        wsbridge_SSL_CTX_set_min_proto_version(context, TLS1_VERSION)
        SSL_CTX_use_certificate(context, identity.certificate)
        SSL_CTX_use_PrivateKey(context, identity.key)
        for link in chain {
            X509_up_ref(link.certificate)
            wsbridge_SSL_CTX_add0_chain_cert(context, link.certificate)
        }
        configure(context)
        ssl = try #require(SSL_new(context))
        input = try #require(BIO_new(BIO_s_mem()))
        output = try #require(BIO_new(BIO_s_mem()))
        BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        SSL_set_bio(ssl, input, output)
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        ERR_clear_error()
    }

    /// The server name the client sent.
    var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// Takes bytes from the wire.
    func take(_ bytes: [UInt8]) {
        if !bytes.isEmpty {
            BIO_write(input, bytes, Int32(bytes.count))
        }
        guard failure == nil else { return }
        ERR_clear_error()
        if !isHandshakeDone {
            let result = SSL_do_handshake(ssl)
            guard check(result) else { return }
            isHandshakeDone = result == 1
        }
        guard isHandshakeDone else { return }
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { room in
            while failure == nil {
                let count = SSL_read(ssl, room.baseAddress, Int32(room.count))
                guard count > 0 else {
                    _ = check(count)
                    return
                }
                received += room[..<Int(count)]
            }
        }
    }

    /// Bytes for the wire.
    func give() -> [UInt8] {
        let count = BIO_ctrl_pending(output)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, Int(BIO_read(output, buffer.baseAddress, Int32(count))))
        }
    }

    func send(_ bytes: [UInt8]) {
        ERR_clear_error()
        _ = check(SSL_write(ssl, bytes, Int32(bytes.count)))
    }

    func end() {
        SSL_shutdown(ssl)
    }

    /// Whether things can go on.
    private func check(_ result: Int32) -> Bool {
        guard result <= 0 else { return true }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            return true
        case SSL_ERROR_ZERO_RETURN:
            hasReceivedEnd = true
        default:
            failure = ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "unknown"
        }
        ERR_clear_error()
        return false
    }
}
