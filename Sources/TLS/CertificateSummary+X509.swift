internal import COpenSSL

extension CertificateSummary {
    private static let maximumNames = 64

    /// Reads an OpenSSL `X509 *`, which stays the caller's.
    init(x509: OpaquePointer) {
        self.init(
            subject: Self.text(of: X509_get_subject_name(x509)),
            issuer: Self.text(of: X509_get_issuer_name(x509)),
            notBefore: Self.text(of: X509_get0_notBefore(x509)),
            notAfter: Self.text(of: X509_get0_notAfter(x509)),
            names: Self.names(of: x509),
            pin: Self.pin(of: x509)
        )
        OpenSSLErrorQueue.clear()
    }

    /// SHA-256 over the DER of the SubjectPublicKeyInfo; empty if it can't be encoded.
    static func pin(of x509: OpaquePointer) -> [UInt8] {
        guard let key = X509_get_X509_PUBKEY(x509) else { return [] }
        let length = i2d_X509_PUBKEY(key, nil)
        guard length > 0 else { return [] }
        let encoding = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
            var end = buffer.baseAddress
            count = Int(max(0, i2d_X509_PUBKEY(key, &end)))
        }
        return Digest.sha256(encoding)
    }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name, let output = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(output) }
        guard X509_NAME_print_ex(output, name, 0, wsbridge_XN_FLAG_READABLE()) >= 0 else { return "" }
        var start: UnsafeMutablePointer<CChar>?
        let length = wsbridge_BIO_get_mem_data(output, &start)
        guard let start, length > 0 else { return "" }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(length))
        return readable(String(decoding: bytes, as: UTF8.self))
    }

    private static func text(of time: UnsafePointer<ASN1_TIME>?) -> String {
        var fields: [Int32] = [0, 0, 0, 0, 0, 0]
        guard wsbridge_ASN1_TIME_fields(time, &fields) == 1 else { return "an unreadable date" }
        let parts = fields.map { $0 < 10 ? "0\($0)" : String($0) }
        return "\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5])Z"
    }

    private static func names(of x509: OpaquePointer) -> [String] {
        guard let stack = wsbridge_X509_get_alt_names(x509) else { return [] }
        defer { wsbridge_GENERAL_NAMES_free(stack) }
        var names: [String] = []
        for index in 0..<min(wsbridge_GENERAL_NAMES_count(stack), Int32(maximumNames)) {
            var start: UnsafePointer<UInt8>?
            var length: Int32 = 0
            let kind = wsbridge_GENERAL_NAMES_at(stack, index, &start, &length)
            let bytes = UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(length))
            if kind == GEN_DNS {
                names.append("DNS:" + readable(String(decoding: bytes, as: UTF8.self)))
            } else if kind == GEN_IPADD {
                names.append("IP:" + address(bytes))
            }
        }
        return names
    }

    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        switch bytes.count {
        case 4:
            bytes.map { String($0) }.joined(separator: ".")
        case 16:
            stride(from: 0, to: 16, by: 2)
                .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        default:
            "of \(bytes.count) bytes"
        }
    }
}
