import COpenSSL
import Foundation
import Testing

/// A certificate with its key, made in memory.
///
/// `@unchecked Sendable`: nothing changes it after `init`, and OpenSSL counts references atomically.
final class Identity: @unchecked Sendable {
    enum Key {
        case ec
        case rsa(bits: Int32)
    }

    struct Request {
        var commonName: String
        /// As in `DNS:example.com, IP:127.0.0.1`; `nil` for none.
        var names: String?
        var isAuthority = false
        var usage: String? = "serverAuth,clientAuth"
        /// Seconds from now.
        var validFrom = -3600
        var validTo = 86400
        var key = Key.ec
    }

    let certificate: OpaquePointer
    let key: OpaquePointer

    /// Signed by `issuer`, or by its own key.
    init(_ request: Request, issuer: Identity? = nil) throws {
        key = try Self.makeKey(request.key)
        certificate = try #require(X509_new())
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...Int(Int32.max)))
        X509_time_adj_ex(X509_getm_notBefore(certificate), 0, request.validFrom, nil)
        X509_time_adj_ex(X509_getm_notAfter(certificate), 0, request.validTo, nil)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, request.commonName, -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        try extend(NID_basic_constraints, request.isAuthority ? "critical,CA:TRUE" : "CA:FALSE")
        if request.isAuthority {
            try extend(NID_key_usage, "critical,keyCertSign")
        } else if let usage = request.usage {
            try extend(NID_ext_key_usage, usage)
        }
        if let names = request.names {
            try extend(NID_subject_alt_name, names)
        }
        try #require(X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0)
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    var certificatePEM: String { Self.text { PEM_write_bio_X509($0, certificate) } }
    var keyPEM: String { Self.text { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) } }

    func encryptedKeyPEM(passphrase: String) -> String {
        var phrase = passphrase.utf8.map { CChar($0) }
        return Self.text {
            PEM_write_bio_PKCS8PrivateKey($0, key, EVP_aes_128_cbc(), &phrase, Int32(phrase.count), nil, nil)
        }
    }

    var certificateDER: Data {
        Data(
            [UInt8](unsafeUninitializedCapacity: Int(i2d_X509(certificate, nil))) { buffer, count in
                var end = buffer.baseAddress
                count = Int(i2d_X509(certificate, &end))
            }
        )
    }

    private func extend(_ identifier: Int32, _ value: String) throws {
        let ext = try #require(X509V3_EXT_conf_nid(nil, nil, identifier, value), "extension \(value)")
        X509_add_ext(certificate, ext, -1)
        X509_EXTENSION_free(ext)
    }

    private static func makeKey(_ kind: Key) throws -> OpaquePointer {
        let identifier =
            switch kind {
            case .ec: EVP_PKEY_EC
            case .rsa: EVP_PKEY_RSA
            }
        let generator = try #require(EVP_PKEY_CTX_new_id(identifier, nil))
        defer { EVP_PKEY_CTX_free(generator) }
        EVP_PKEY_keygen_init(generator)
        switch kind {
        case .ec: EVP_PKEY_CTX_set_ec_paramgen_curve_nid(generator, NID_X9_62_prime256v1)
        case .rsa(let bits): EVP_PKEY_CTX_set_rsa_keygen_bits(generator, bits)
        }
        var key: OpaquePointer?
        EVP_PKEY_keygen(generator, &key)
        return try #require(key)
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        _ = write(output)
        var start: UnsafeMutablePointer<CChar>?
        let length = wsbridge_BIO_get_mem_data(output, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(length)), as: UTF8.self)
    }
}
