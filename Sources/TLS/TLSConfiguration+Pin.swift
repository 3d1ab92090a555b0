extension TLSConfiguration {
    /// The 32 bytes of a pin: base64 of SHA-256 over a certificate's SubjectPublicKeyInfo.
    ///
    /// curl's `sha256//` and OkHttp's `sha256/` before it are accepted.
    ///
    /// - Parameter text: the pin as configured.
    /// - Returns: 32 bytes for ``pinnedSHA256``.
    /// - Throws: ``TLSError/invalidPin(_:reason:)``.
    public static func pin(fromBase64 text: String) throws(TLSError) -> [UInt8] {
        let digits = text.drop(prefix: "sha256//") ?? text.drop(prefix: "sha256/") ?? text
        guard let bytes = Base64.decode(digits) else {
            throw .invalidPin(text, reason: "that is not base64")
        }
        guard bytes.count == 32 else {
            throw .invalidPin(text, reason: "that is \(bytes.count) bytes, not the 32 of SHA-256")
        }
        return bytes
    }
}

extension String {
    fileprivate func drop(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
