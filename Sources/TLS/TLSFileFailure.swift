/// A file of the `tls:` block that can't be used, and why.
public struct TLSFileFailure: Hashable, Sendable {
    /// What the file is configured as.
    public enum Role: String, Hashable, Sendable {
        /// The authorities to trust.
        case authorities = "tls.ca_file"
        /// The client certificate and its chain.
        case certificate = "tls.cert_file"
        /// The client certificate's private key.
        case key = "tls.key_file"
    }

    /// What is wrong with a file.
    public enum Problem: Hashable, Sendable {
        /// The system's reason, such as "No such file or directory".
        case unreadable(String)
        /// The file is larger than `limit` bytes.
        case tooLarge(limit: Int)
        /// There is nothing in it.
        case empty
        /// Binary ASN.1: a PKCS#12 bundle or DER instead of PEM.
        case binary
        /// PEM, but none of it is what is looked for.
        case noneFound
        /// The block of this number, counted from 1, can't be decoded; the text is OpenSSL's reason.
        case malformed(block: Int, reason: String)
        /// The key is encrypted with a passphrase.
        case passphrase
        /// The key doesn't belong to the certificate in the file `certificate`.
        case mismatch(certificate: String)
        /// The other file of the pair isn't configured.
        case alone
        /// OpenSSL won't use it; the text is its reason.
        case refused(String)
    }

    /// What the file is configured as.
    public let role: Role
    /// Its path as configured.
    public let path: String
    /// What is wrong with it.
    public let problem: Problem

    /// A failure of one file.
    public init(role: Role, path: String, problem: Problem) {
        self.role = role
        self.path = path
        self.problem = problem
    }
}

extension TLSFileFailure: CustomStringConvertible {
    /// One line: the key, the path, what is wrong and what to do.
    public var description: String {
        "\(role.rawValue) \(readable(path)): \(text)"
    }

    private var kind: String {
        role == .key ? "private key" : "certificate"
    }

    private var text: String {
        switch problem {
        case .unreadable(let reason):
            "can't be read: \(readable(reason))"
        case .tooLarge(let limit):
            "is larger than \(limit) bytes: that is no file of \(kind)s"
        case .empty:
            "is empty"
        case .binary:
            "is binary (PKCS#12 or DER), PEM is needed: "
                + (role == .key
                    ? "openssl pkcs12 -in FILE -nocerts -nodes -out key.pem, or openssl pkey -in FILE -inform DER"
                    : "openssl pkcs12 -in FILE -nokeys -out cert.pem, or openssl x509 -in FILE -inform DER")
        case .noneFound:
            "holds no \(kind) in PEM form (no '-----BEGIN ...\(kind.uppercased())-----')"
        case .malformed(let block, let reason):
            "\(kind) number \(block) in it can't be decoded (\(readable(reason)))"
        case .passphrase:
            "the key is encrypted with a passphrase, and a gateway has no one to ask for it: decrypt it with "
                + "openssl pkey -in FILE -out key.pem and protect the result with mode 0600"
        case .mismatch(let certificate):
            "the key doesn't belong to the certificate in \(readable(certificate))"
        case .alone:
            role == .key
                ? "a key without its certificate: set tls.cert_file too"
                : "a certificate without its key: set tls.key_file too"
        case .refused(let reason):
            "OpenSSL refuses it: \(readable(reason))"
        }
    }
}
