internal import COpenSSL
internal import NIOCore

/// One TLS connection as a machine of bytes: ciphertext in, plaintext out, and the other way.
///
/// No channel, no time.
final class TLSSession {
    enum Handshake: Equatable {
        case needsInput
        case done
        case failed(TLSError)
    }

    enum Decryption: Equatable {
        /// All that came in is decrypted.
        case drained
        /// The buffer is full; there may be more.
        case full
        /// The peer's close_notify: nothing follows.
        case ended
        case failed(TLSError)
    }

    private let context: TLSContext
    private let ssl: OpaquePointer
    private let wire = WireBytes()
    /// What `wire.taken` was at the end of the last whole record.
    private var takenInWholeRecords = 0

    init(_ context: TLSContext) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        guard let ssl = context.withSSLContext({ SSL_new($0) }) else {
            throw .library(OpenSSLErrorQueue.takeReason())
        }
        self.context = context
        self.ssl = ssl
        let bio = try ByteBufferBIO.make(over: wire)
        // Given for both directions, it is owned once.
        SSL_set_bio(ssl, bio, bio)
        SSL_set_connect_state(ssl)
    }

    deinit {
        SSL_free(ssl)
        OpenSSLErrorQueue.clear()
    }

    var name: String { context.verifiedName }

    /// Goes as far as what was received allows; there may be something to send afterwards, after a failure too.
    func advanceHandshake() -> Handshake {
        OpenSSLErrorQueue.clear()
        let result = SSL_do_handshake(ssl)
        defer { OpenSSLErrorQueue.clear() }
        if result == 1 {
            takenInWholeRecords = wire.taken
            return .done
        }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .needsInput }
        context.witness.failed(code: OpenSSLErrorQueue.newest)
        return .failed(context.lastFailure ?? .brokenProtocol(reason: "no reason given", name: name))
    }

    /// What was agreed on; meaningful after the handshake.
    var agreement: TLSHandshakeCompleted {
        var protocolName: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &protocolName, &length)
        let bytes = UnsafeBufferPointer(start: protocolName, count: Int(length))
        return TLSHandshakeCompleted(
            protocolVersion: SSL_get_version(ssl).map { String(cString: $0) } ?? "unknown",
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? "unknown",
            applicationProtocol: length > 0 ? String(decoding: bytes, as: UTF8.self) : nil,
            peerCertificate: SSL_get0_peer_certificate(ssl).map { CertificateSummary(x509: $0) }
        )
    }

    func receive(_ ciphertext: ByteBuffer) {
        if wire.inbound.readableBytes == 0 {
            wire.inbound = ciphertext
        } else {
            wire.inbound.writeImmutableBuffer(ciphertext)
        }
    }

    /// How much plaintext what was received can hold at most.
    var expectedPlaintext: Int {
        wire.inbound.readableBytes + wire.taken - takenInWholeRecords + Int(SSL_pending(ssl))
    }

    /// Decrypts record after record to the end of `plaintext` until it holds `limit` bytes.
    func decrypt(into plaintext: inout ByteBuffer, limit: Int) -> Decryption {
        OpenSSLErrorQueue.clear()
        while plaintext.readableBytes < limit {
            var count = 0
            var result: Int32 = 0
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { [ssl] room in
                result = SSL_read_ex(ssl, room.baseAddress, room.count, &count)
                return count
            }
            if result == 1 {
                let isRecordDone = SSL_pending(ssl) == 0
                if isRecordDone { takenInWholeRecords = wire.taken }
                guard isRecordDone, wire.inbound.readableBytes == 0 else { continue }
                return drained()
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ:
                return drained()
            case SSL_ERROR_ZERO_RETURN:
                return .ended
            default:
                let reason = OpenSSLErrorQueue.takeReason()
                return .failed(context.lastFailure ?? .brokenProtocol(reason: reason, name: name))
            }
        }
        return .full
    }

    /// Lets go of the received buffer, so that the channel can use it again.
    private func drained() -> Decryption {
        wire.inbound = ByteBuffer()
        return .drained
    }

    /// Encrypts all of `plaintext`: in records of 16 KiB and one for the rest.
    func encrypt(_ plaintext: ByteBuffer) throws(TLSError) {
        let length = plaintext.readableBytes
        guard length > 0 else { return }
        OpenSSLErrorQueue.clear()
        wire.outbound.reserveCapacity(
            minimumWritableBytes: length + (length / Self.recordSize + 1) * Self.recordOverhead
        )
        var written = 0
        let result = plaintext.withUnsafeReadableBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
        guard result == 1, written == length else {
            let reason = OpenSSLErrorQueue.takeReason()
            throw context.lastFailure ?? .brokenProtocol(reason: reason, name: name)
        }
    }

    /// Prepares our close_notify.
    func end() {
        OpenSSLErrorQueue.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLErrorQueue.clear()
    }

    /// What has to go to the peer, `nil` if nothing; the storage is used again once the taker is done with it.
    func takeOutbound() -> ByteBuffer? {
        guard wire.outbound.readableBytes > 0 else { return nil }
        let bytes = wire.outbound
        wire.outbound = ByteBuffer()
        return bytes
    }

    static let recordSize = 16_384
    /// Header, explicit nonce, padding and authentication tag of the most wasteful cipher suite.
    private static let recordOverhead = 96
}
