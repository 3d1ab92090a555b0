internal import TLS

/// `tls` of a connection or a broker.
enum TLSKeys {
    static let caFile = Key(
        "ca_file",
        .path,
        default: .model(\TLSConfiguration.caFile, absent: "the system's store"),
        "PEM file of the certificate authorities to trust."
    )
    static let certificateFile = Key(
        "cert_file",
        .path,
        default: .model(\TLSConfiguration.certificateFile),
        "PEM file of the client certificate and its chain; needs `key_file`."
    )
    static let keyFile = Key(
        "key_file",
        .path,
        default: .model(\TLSConfiguration.keyFile),
        "PEM file of the client certificate's private key; needs `cert_file`."
    )
    static let serverName = Key(
        "server_name",
        .text("a host's name", check: HostName.problem(withVerified:)),
        default: .model(\TLSConfiguration.serverName, absent: "the host"),
        "The name that is asked for (SNI) and verified in the server's certificate."
    )
    static let minimumVersion = Key(
        "min_version",
        ValueType<TLSConfiguration.Version>.choice,
        default: .model(\TLSConfiguration.minimumVersion),
        "The oldest TLS version to accept."
    )
    static let pins = Key(
        "pin_sha256",
        .list(of: .pin, example: "[ base64 of 32 bytes ]"),
        default: .model(\TLSConfiguration.pinnedSHA256),
        "Base64 of SHA-256 over the server's SubjectPublicKeyInfo; one of the list must match, on top of verification."
    )
    static let insecure = Key(
        "insecure",
        .boolean,
        default: .model(\TLSConfiguration.insecure),
        "Accept any certificate. For a test bench; said in the log at each connect."
    )

    static let place = Place(
        id: "tls",
        path: "connections.NAME.tls",
        meaning: "Trust and identity, for connections and brokers alike.",
        keys: [
            caFile.described, certificateFile.described, keyFile.described, serverName.described,
            minimumVersion.described, pins.described, insecure.described,
        ]
    )
}

enum TLSSection {
    static func read(_ reader: MappingReader) -> TLSConfiguration? {
        var tls = TLSConfiguration()
        tls.caFile = path(TLSKeys.caFile, .readable, reader)
        tls.certificateFile = path(TLSKeys.certificateFile, .readable, reader)
        tls.keyFile = path(TLSKeys.keyFile, .privateKey, reader)
        reader.read(TLSKeys.serverName, into: &tls.serverName)
        reader.read(TLSKeys.minimumVersion, into: &tls.minimumVersion)
        reader.read(TLSKeys.pins, into: &tls.pinnedSHA256)
        reader.read(TLSKeys.insecure, into: &tls.insecure)

        requireBoth(TLSKeys.certificateFile.name, TLSKeys.keyFile.name, reader)
        requireBoth(TLSKeys.keyFile.name, TLSKeys.certificateFile.name, reader)
        if tls.insecure {
            reader.context.warning(
                "insecure accepts any certificate: whoever is on the way can read and change everything",
                at: reader.keyPosition(TLSKeys.insecure.name)
            )
        }
        return tls
    }

    private static func path(_ key: Key<String>, _ role: PathUse.Role, _ reader: MappingReader) -> String? {
        guard let path = reader.read(key) else { return nil }
        reader.context.note(
            PathUse(role: role, key: key.name, path: path, position: reader.valuePosition(key.name))
        )
        return path
    }

    private static func requireBoth(_ name: String, _ other: String, _ reader: MappingReader) {
        guard reader.contains(name), !reader.contains(other) else { return }
        reader.error("\(name) needs \(other) beside it", at: reader.keyPosition(name))
    }
}

extension ValueType<[UInt8]> {
    /// Base64 of 32 bytes.
    static var pin: Self {
        let words = "the base64 of a SHA-256 (44 characters that end with '=')"
        return ValueType(words, schema: ["type": "string"]) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let pin = try? TLSConfiguration.pin(fromBase64: scalar.text) { return pin }
            let hint = scalar.text.utf8.count >= 64 ? ": hexadecimal must be turned into base64" : ""
            field.error(
                "\(field.name): each item must be \(words), found \(scalar.described)\(hint)",
                at: node.position
            )
            return nil
        }
    }
}
