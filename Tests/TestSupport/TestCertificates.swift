package import Foundation

/// A certificate and its key, as PEM files.
package struct TestCertificate: Sendable {
    package let certificateFile: String
    package let keyFile: String
}

/// A certificate authority of a test's own, made with the `openssl` command.
package struct TestAuthority: Sendable {
    package let certificate: TestCertificate
    let directory: URL

    /// Makes the authority's key and certificate in `directory`.
    package init(in directory: URL, name: String = "Test Authority") async throws {
        self.directory = directory
        let stem = name.filter { $0.isLetter || $0.isNumber }
        certificate = TestCertificate(
            certificateFile: directory.appendingPathComponent("\(stem).pem").path,
            keyFile: directory.appendingPathComponent("\(stem).key").path
        )
        try await Self.openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-sha256",
            "-days",
            "30",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            certificate.keyFile,
            "-out",
            certificate.certificateFile,
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign"
        )
    }

    /// Issues a certificate for `names`, such as `DNS:localhost` and `IP:127.0.0.1`.
    ///
    /// With `expired` its time is over.
    package func issue(
        _ commonName: String,
        names: [String] = ["DNS:localhost", "IP:127.0.0.1"],
        expired: Bool = false
    ) async throws -> TestCertificate {
        let stem = directory.appendingPathComponent("\(commonName)-\(UInt32.random(in: 0...UInt32.max))").path
        let issued = TestCertificate(certificateFile: "\(stem).pem", keyFile: "\(stem).key")
        try """
        basicConstraints=CA:FALSE
        extendedKeyUsage=serverAuth,clientAuth
        \(names.isEmpty ? "" : "subjectAltName=\(names.joined(separator: ","))")

        """.write(toFile: "\(stem).ext", atomically: true, encoding: .utf8)
        try await Self.openssl(
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=\(commonName)",
            "-keyout",
            issued.keyFile,
            "-out",
            "\(stem).csr"
        )
        // `x509 -req` takes no dates in OpenSSL 3.0; a negative number of days ends before now.
        try await Self.openssl(
            "x509",
            "-req",
            "-in",
            "\(stem).csr",
            "-CA",
            certificate.certificateFile,
            "-CAkey",
            certificate.keyFile,
            "-set_serial",
            "\(UInt32.random(in: 1...UInt32.max))",
            "-sha256",
            "-days",
            expired ? "-1" : "30",
            "-extfile",
            "\(stem).ext",
            "-out",
            issued.certificateFile
        )
        return issued
    }

    private static func openssl(_ arguments: String...) async throws {
        try await openssl(arguments)
    }

    static func openssl(_ arguments: [String]) async throws {
        let result = try await run(Executables.installed("openssl"), arguments)
        guard result.status == .exited(0) else {
            throw SetupError("openssl \(arguments.joined(separator: " ")): \(result.errors)")
        }
    }
}
