internal import COpenSSL

extension HandshakeWitness {
    /// Verifies the chain that OpenSSL put into an `X509_STORE_CTX`, then the pins: whether the handshake may go on.
    func accepts(_ store: OpaquePointer) -> Bool {
        OpenSSLErrorQueue.clear()
        defer { OpenSSLErrorQueue.clear() }
        guard let leaf = X509_STORE_CTX_get0_cert(store) else {
            return refuse(store, X509_V_ERR_UNSPECIFIED, .other("the server sent no certificate"), nil, depth: 0)
        }
        if !isInsecure, X509_verify_cert(store) != 1 {
            let code = X509_STORE_CTX_get_error(store)
            let depth = Int(X509_STORE_CTX_get_error_depth(store))
            let culprit = X509_STORE_CTX_get_current_cert(store) ?? leaf
            return refuse(
                store,
                code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code,
                Self.check(code),
                culprit,
                depth: depth
            )
        }
        guard pins.isEmpty || pins.contains(CertificateSummary.pin(of: leaf)) else {
            return refuse(store, X509_V_ERR_APPLICATION_VERIFICATION, .pin, leaf, depth: 0)
        }
        X509_STORE_CTX_set_error(store, X509_V_OK)
        return true
    }

    private func refuse(
        _ store: OpaquePointer,
        _ code: Int32,
        _ check: CertificateFailure.Check,
        _ culprit: OpaquePointer?,
        depth: Int
    ) -> Bool {
        // OpenSSL picks the alert for the server by this code.
        X509_STORE_CTX_set_error(store, code)
        failed(
            .certificate(
                CertificateFailure(
                    check: check,
                    name: name.text,
                    certificate: culprit.map { CertificateSummary(x509: $0) },
                    depth: depth,
                    authoritiesFile: authoritiesFile
                )
            )
        )
        return false
    }

    private static func check(_ code: Int32) -> CertificateFailure.Check {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            .expired
        case X509_V_ERR_CERT_NOT_YET_VALID:
            .notYetValid
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            .wrongName
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            .selfSigned
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_UNTRUSTED:
            .unknownAuthority
        case X509_V_ERR_INVALID_PURPOSE:
            .purpose
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            .weak(reason(code))
        case X509_V_ERR_CERT_REVOKED:
            .revoked
        default:
            .other(reason(code))
        }
    }

    private static func reason(_ code: Int32) -> String {
        X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
    }
}
