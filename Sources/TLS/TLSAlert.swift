/// An alert that the peer sent (RFC 8446 section 6, and the older ones of RFC 5246 section 7.2).
public struct TLSAlert: Equatable, Sendable {
    /// The number on the wire.
    public let code: UInt8

    /// An alert by its number on the wire.
    public init(code: UInt8) {
        self.code = code
    }

    /// The RFC's name, such as `handshake_failure`; `alert 200` for a number the RFCs don't know.
    public var name: String {
        Self.table[code]?.name ?? "alert \(code)"
    }

    /// Whether the peer complains about the certificate that we presented or should have presented.
    public var isAboutClientCertificate: Bool {
        switch code {
        case 41...46, 48, 49, 116: true
        default: false
        }
    }

    private struct Meaning {
        let name: String
        let hint: String?

        init(_ name: String, _ hint: String? = nil) {
            self.name = name
            self.hint = hint
        }
    }

    private static let table: [UInt8: Meaning] = [
        0: Meaning("close_notify"),
        10: Meaning("unexpected_message"),
        20: Meaning("bad_record_mac"),
        21: Meaning("decryption_failed"),
        22: Meaning("record_overflow"),
        30: Meaning("decompression_failure"),
        40: Meaning("handshake_failure", "no cipher suite in common, or it wants a client certificate"),
        41: Meaning("no_certificate"),
        42: Meaning("bad_certificate", "it can't use our client certificate (tls.cert_file)"),
        43: Meaning("unsupported_certificate", "it can't use this kind of client certificate (tls.cert_file)"),
        44: Meaning("certificate_revoked", "our client certificate (tls.cert_file) is revoked"),
        45: Meaning("certificate_expired", "our client certificate (tls.cert_file) has expired, or its clock is wrong"),
        46: Meaning("certificate_unknown", "it doesn't accept our client certificate (tls.cert_file)"),
        47: Meaning("illegal_parameter"),
        48: Meaning("unknown_ca", "it doesn't know the authority that signed our client certificate (tls.cert_file)"),
        49: Meaning("access_denied", "our client certificate (tls.cert_file) is valid but not allowed in"),
        50: Meaning("decode_error"),
        51: Meaning("decrypt_error"),
        60: Meaning("export_restriction"),
        70: Meaning("protocol_version", "no TLS version in common"),
        71: Meaning("insufficient_security", "our cipher suites are too weak for it"),
        80: Meaning("internal_error"),
        86: Meaning("inappropriate_fallback"),
        90: Meaning("user_canceled"),
        100: Meaning("no_renegotiation"),
        109: Meaning("missing_extension"),
        110: Meaning("unsupported_extension"),
        111: Meaning("certificate_unobtainable"),
        112: Meaning("unrecognized_name", "it serves no site of this name: see tls.server_name"),
        113: Meaning("bad_certificate_status_response"),
        114: Meaning("bad_certificate_hash_value"),
        115: Meaning("unknown_psk_identity"),
        116: Meaning("certificate_required", "it insists on a client certificate (tls.cert_file)"),
        120: Meaning("no_application_protocol", "it doesn't offer HTTP/1.1 here"),
    ]
}

extension TLSAlert: CustomStringConvertible {
    /// The name and, where one is known, what it means for the operator.
    public var description: String {
        guard let hint = Self.table[code]?.hint else { return name }
        return "\(name) (\(hint))"
    }
}
