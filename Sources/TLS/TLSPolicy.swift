internal import COpenSSL

/// The steps that make an `SSL_CTX` follow the policy.
enum TLSPolicy {
    /// RFC 9325: section 3.1.1 versions, 3.3 compression, 3.5 renegotiation, 4.1 forward secrecy and 112 bits.
    static func apply(to context: OpaquePointer, minimumVersion: TLSConfiguration.Version) throws(TLSError) {
        let version =
            switch minimumVersion {
            case .tls12: TLS1_2_VERSION
            case .tls13: TLS1_3_VERSION
            }
        try check(wsbridge_SSL_CTX_set_min_proto_version(context, version))
        // The machine's openssl.cnf may be stricter than this, never laxer.
        SSL_CTX_set_security_level(context, max(2, SSL_CTX_get_security_level(context)))
        try check(SSL_CTX_set_cipher_list(context, "DEFAULT:!kRSA:!aNULL:!eNULL"))
        SSL_CTX_clear_options(
            context,
            wsbridge_SSL_OP_LEGACY_SERVER_CONNECT() | wsbridge_SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION()
                | wsbridge_SSL_OP_IGNORE_UNEXPECTED_EOF()
        )
        SSL_CTX_set_options(
            context,
            wsbridge_SSL_OP_NO_COMPRESSION() | wsbridge_SSL_OP_NO_RENEGOTIATION() | wsbridge_SSL_OP_NO_TICKET()
        )
        // Each connect verifies afresh: a resumed session would skip the certificate.
        wsbridge_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
    }

    /// RFC 9525: the subjectAltName alone, a wildcard only for a whole left-most label.
    static func verify(_ name: VerifiedName, in context: OpaquePointer) throws(TLSError) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let parameters = SSL_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_hostflags(
            parameters,
            UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        )
        switch name {
        case .host(let host): try check(X509_VERIFY_PARAM_set1_host(parameters, host, 0))
        case .address(let address): try check(X509_VERIFY_PARAM_set1_ip_asc(parameters, address))
        }
    }

    static func trust(_ authoritiesFile: String?, in context: OpaquePointer) throws(TLSError) {
        guard let authoritiesFile else {
            return try check(SSL_CTX_set_default_verify_paths(context))
        }
        let store = SSL_CTX_get_cert_store(context)
        try PEMFile(authoritiesFile, role: .authorities).forEachCertificate { certificate in
            X509_STORE_add_cert(store, certificate) == 1
        }
        // What the file names is trusted, an intermediate authority as well as a root.
        try check(X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), UInt(X509_V_FLAG_PARTIAL_CHAIN)))
    }

    static func offer(_ protocols: [String], in context: OpaquePointer) throws(TLSError) {
        guard !protocols.isEmpty else { return }
        var list: [UInt8] = []
        for name in protocols {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else {
                throw .library("an ALPN protocol name has 1 to 255 bytes")
            }
            list.append(length)
            list += name.utf8
        }
        // The one OpenSSL call of these that returns 0 for success.
        guard SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0 else {
            throw .library(OpenSSLErrorQueue.takeReason())
        }
    }

    /// Loads the client certificate, its chain and its key; returns what there is to warn about.
    static func present(_ configuration: TLSConfiguration, in context: OpaquePointer) throws(TLSError) -> [String] {
        switch (configuration.certificateFile, configuration.keyFile) {
        case (nil, nil):
            return []
        case (let path?, nil):
            throw .file(TLSFileFailure(role: .certificate, path: path, problem: .alone))
        case (nil, let path?):
            throw .file(TLSFileFailure(role: .key, path: path, problem: .alone))
        case (let certificatePath?, let keyPath?):
            var warnings: [String] = []
            var isLeaf = true
            try PEMFile(certificatePath, role: .certificate).forEachCertificate { certificate in
                defer { isLeaf = false }
                guard isLeaf else { return add(certificate, toChainOf: context) }
                if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
                    let summary = CertificateSummary(x509: certificate)
                    warnings.append(
                        "tls.cert_file \(readable(certificatePath)) holds a client certificate that expired on "
                            + "\(summary.notAfter.prefix(10)): servers will refuse it (\(summary))"
                    )
                }
                return SSL_CTX_use_certificate(context, certificate) == 1
            }
            let keyFile = try PEMFile(keyPath, role: .key)
            if keyFile.isWorldReadable {
                warnings.append("tls.key_file \(readable(keyPath)) can be read by everyone: chmod 0600 it")
            }
            try keyFile.withPrivateKey { (key) throws(TLSError) in
                // OpenSSL looks at the pair here and refuses a key of another certificate.
                guard X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1 else {
                    OpenSSLErrorQueue.clear()
                    throw keyFile.failure(.mismatch(certificate: certificatePath))
                }
                guard SSL_CTX_use_PrivateKey(context, key) == 1 else {
                    throw keyFile.failure(.refused(OpenSSLErrorQueue.takeReason()))
                }
            }
            return warnings
        }
    }

    private static func add(_ certificate: OpaquePointer, toChainOf context: OpaquePointer) -> Bool {
        X509_up_ref(certificate)
        guard wsbridge_SSL_CTX_add0_chain_cert(context, certificate) == 1 else {
            X509_free(certificate)
            return false
        }
        return true
    }

    private static func check(_ result: Int32) throws(TLSError) {
        guard result == 1 else { throw .library(OpenSSLErrorQueue.takeReason()) }
    }
}
