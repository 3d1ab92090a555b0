internal import COpenSSL

/// Digests of short byte strings.
package enum Digest {
    /// SHA-1, 20 bytes; only for what a protocol prescribes (RFC 6455 section 4.2.2).
    ///
    /// Empty if OpenSSL refuses it.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        digest(bytes, EVP_sha1())
    }

    /// SHA-256, 32 bytes.
    ///
    /// Empty if OpenSSL refuses it.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        digest(bytes, EVP_sha256())
    }

    private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { output, count in
            var length: UInt32 = 0
            let done = bytes.withUnsafeBytes { input in
                EVP_Digest(input.baseAddress, input.count, output.baseAddress, &length, algorithm, nil)
            }
            ERR_clear_error()
            count = done == 1 ? Int(length) : 0
        }
    }
}
