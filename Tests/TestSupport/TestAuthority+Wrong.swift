import Foundation

extension TestAuthority {
    /// Issues a certificate for 127.0.0.1 with dates, key and digest of one's own choice, however weak.
    package func issueWrong(
        _ commonName: String,
        names: String = "IP:127.0.0.1",
        key: [String] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        digest: String = "sha256",
        from start: String = "20200101000000Z",
        to end: String = "20990101000000Z"
    ) async throws -> TestCertificate {
        let folder = directory.appendingPathComponent("issue-\(commonName)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        try """
        [ca]
        default_ca = own
        [own]
        database = \(path("index"))
        new_certs_dir = \(folder.path)
        rand_serial = yes
        policy = any
        [any]
        commonName = supplied
        [leaf]
        basicConstraints = CA:FALSE
        extendedKeyUsage = serverAuth
        subjectAltName = \(names)

        """.write(toFile: path("conf"), atomically: true, encoding: .utf8)
        try "".write(toFile: path("index"), atomically: true, encoding: .utf8)
        let subject = ["-subj", "/CN=\(commonName)", "-keyout", path("key"), "-out", path("csr")]
        try await Self.openssl(["req", "-new", "-nodes"] + key + subject)
        try await Self.openssl([
            "ca", "-batch", "-notext", "-config", path("conf"), "-extensions", "leaf", "-md", digest,
            "-startdate", start, "-enddate", end, "-cert", certificate.certificateFile,
            "-keyfile", certificate.keyFile, "-in", path("csr"), "-out", path("pem"),
        ])
        return TestCertificate(certificateFile: path("pem"), keyFile: path("key"))
    }
}
