internal import COpenSSL

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A file of the `tls:` block, read into memory and wiped when it goes away: it may hold a key.
final class PEMFile {
    static let limit = 8 << 20

    let role: TLSFileFailure.Role
    let path: String
    /// Whether users other than the owner and the group may read it.
    let isWorldReadable: Bool
    private let bytes: UnsafeMutableRawBufferPointer
    private let count: Int

    init(_ path: String, role: TLSFileFailure.Role) throws(TLSError) {
        self.role = role
        self.path = path
        func failure(_ problem: TLSFileFailure.Problem) -> TLSError {
            .file(TLSFileFailure(role: role, path: path, problem: problem))
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(.unreadable(Self.systemError)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(.unreadable(Self.systemError)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure(.unreadable("it is not a regular file")) }
        guard status.st_size <= Self.limit else { throw failure(.tooLarge(limit: Self.limit)) }
        isWorldReadable = status.st_mode & S_IROTH != 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, Int(status.st_size)), alignment: 1)
        var filled = 0
        var reason: String?
        while filled < Int(status.st_size) {
            let got = read(descriptor, buffer.baseAddress?.advanced(by: filled), Int(status.st_size) - filled)
            if got < 0, errno == EINTR { continue }
            if got < 0 { reason = Self.systemError }
            guard got > 0 else { break }
            filled += got
        }
        bytes = buffer
        count = filled
        if let reason { throw failure(.unreadable(reason)) }
        guard filled > 0 else { throw failure(.empty) }
        // DER, PKCS#12 included, begins with a SEQUENCE.
        guard buffer[0] != 0x30 else { throw failure(.binary) }
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    func failure(_ problem: TLSFileFailure.Problem) -> TLSError {
        .file(TLSFileFailure(role: role, path: path, problem: problem))
    }

    /// Reads certificate after certificate; `use` returns whether OpenSSL took it.
    func forEachCertificate(_ use: (OpaquePointer) -> Bool) throws(TLSError) {
        let input = try reader()
        defer { BIO_free(input) }
        var block = 0
        while true {
            OpenSSLErrorQueue.clear()
            guard let certificate = PEM_read_bio_X509(input, nil, nil, nil) else { break }
            defer { X509_free(certificate) }
            block += 1
            guard use(certificate) else { throw failure(.refused(OpenSSLErrorQueue.takeReason())) }
        }
        let code = OpenSSLErrorQueue.newest
        let isEnd = wsbridge_ERR_GET_LIB(code) == ERR_LIB_PEM && wsbridge_ERR_GET_REASON(code) == PEM_R_NO_START_LINE
        let reason = OpenSSLErrorQueue.takeReason()
        guard isEnd else { throw failure(.malformed(block: block + 1, reason: reason)) }
        guard block > 0 else { throw failure(.noneFound) }
    }

    /// The private key, an `EVP_PKEY *` that `use` must not keep without a reference of its own.
    func withPrivateKey<Result>(_ use: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
        let input = try reader()
        defer { BIO_free(input) }
        OpenSSLErrorQueue.clear()
        var wasAskedForPassphrase = false
        let key = withUnsafeMutablePointer(to: &wasAskedForPassphrase) { flag in
            PEM_read_bio_PrivateKey(input, nil, refusePassphrase, flag)
        }
        guard let key else {
            let code = OpenSSLErrorQueue.newest
            let isMissing =
                wsbridge_ERR_GET_LIB(code) == ERR_LIB_PEM && wsbridge_ERR_GET_REASON(code) == PEM_R_NO_START_LINE
            let reason = OpenSSLErrorQueue.takeReason()
            if wasAskedForPassphrase { throw failure(.passphrase) }
            throw failure(isMissing || !hasPrivateKey ? .noneFound : .malformed(block: 1, reason: reason))
        }
        defer { EVP_PKEY_free(key) }
        return try use(key)
    }

    private var hasPrivateKey: Bool {
        let marker = Array("PRIVATE KEY-----".utf8)
        let content = bytes.prefix(count)
        return content.indices.contains { content[$0...].starts(with: marker) }
    }

    private func reader() throws(TLSError) -> OpaquePointer {
        guard let input = BIO_new_mem_buf(bytes.baseAddress, Int32(count)) else {
            throw .library(OpenSSLErrorQueue.takeReason())
        }
        return input
    }

    private static var systemError: String {
        String(cString: strerror(errno))
    }
}

/// OpenSSL would ask on the terminal: a gateway says what is wrong instead.
private func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int32,
    _ isWriting: Int32,
    _ flag: UnsafeMutableRawPointer?
) -> Int32 {
    flag?.assumingMemoryBound(to: Bool.self).pointee = true
    return -1
}
