import Foundation
import TestSupport
import Testing

/// `check` and `run` say the same of a file, by exit code and place.
struct AgreementTests {
    private func finish(_ command: String, _ yaml: String, in directory: URL) async throws -> Finished {
        let file = directory.appendingPathComponent("wsbridge.yaml")
        try yaml.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        return try await run(
            Executables.wsbridge,
            [command],
            environment: gatewayEnvironment(directory),
            directory: directory
        )
    }

    /// Both end with 78, and with the same lines, one of which names the place that `»` marks.
    private func bothRefuse(
        _ marked: String,
        in directory: URL,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let lines = marked.prefix { $0 != "»" }.split(separator: "\n", omittingEmptySubsequences: false)
        let place = "wsbridge.yaml:\(lines.count):\(lines[lines.count - 1].unicodeScalars.count + 1): "
        let yaml = marked.replacing("»", with: "")
        let checked = try await finish("check", yaml, in: directory)
        let ran = try await finish("run", yaml, in: directory)
        for finished in [checked, ran] {
            #expect(finished.status == .exited(78), "\(finished)\n\(yaml)", sourceLocation: sourceLocation)
            #expect(finished.errors.contains(place), "\(finished)\n\(yaml)", sourceLocation: sourceLocation)
        }
        #expect(checked.errors == ran.errors, sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        "url: »'ws://127.0.0.1:1/feed%zz'", "url: »'ws://127.0.0.1:1/?q=%zz'", "url: »'ws://u%zz@127.0.0.1:1/'",
        "url: »'ws+unix:/run/x.sock:/%zz'", "hostname: a, path: »'/%zz'", "url: »'wss://a..b/x'", "hostname: »a..b",
        "url: »'wss://\(String(repeating: "a", count: 64)).example'", "url: wss://a.b, headers: { »TE: trailers }",
        "url: wss://a.b, headers: { »trailer: X }", "url: wss://a.b, tls: { server_name: »a..b }",
        "url: wss://a.b, proxy: »'http://p..q:3128'", "url: wss://a.b, proxy: »'http://u:%zz@p:3128'",
        "url: wss://a.b, oauth2: { client_id: a, client_secret: b, token_url: »'https://a..b/t' }",
        "url: wss://a.b, oauth2: { client_id: a, client_secret: b, token_url: »'https://a.b/%zz' }",
        "url: wss://a.b, subprotocols: [ »'a b' ]", "url: wss://a.b, cookies: { a: »'b;c' }",
    ])
    func connections(keys: String) async throws {
        try await withTemporaryDirectory { directory in
            try await bothRefuse("connections:\n  c: { \(keys) }\n", in: directory)
        }
    }

    @Test(arguments: [
        "url: »mqtt://a..b", "url: »'mqtt://a.b/%zz'", #"url: mqtt://a.b, username: u, password: »"a\0b""#,
        #"url: mqtt://a.b, username: »"a\uFFFFb""#, #"url: mqtt://a.b, client_id: »"a\uFFFFb""#,
        "url: mqtts://a.b, tls: { server_name: »'a..b' }",
    ])
    func brokers(keys: String) async throws {
        try await withTemporaryDirectory { directory in
            try await bothRefuse("mqtt:\n  b: { \(keys) }\n", in: directory)
        }
    }

    @Test("a secret's file is judged by what the secret is for")
    func secretFiles() async throws {
        try await withTemporaryDirectory { directory in
            for (keys, content) in [
                ("cookies: { a: { file: »secret } }", "b;c"), ("headers: { X: { file: »secret } }", ""),
                ("basic_auth: { username: { file: »secret }, password: x }", "a:b"),
                ("bearer_token: { file: »secret }", "a\nb"), ("bearer_token: { file: »absent }", ""),
                (
                    "proxy: { url: 'socks5://p', username: u, password: { file: »secret } }",
                    String(repeating: "x", count: 256)
                ),
            ] {
                try write(content, to: "secret", in: directory)
                try await bothRefuse("connections:\n  c: { url: wss://a.b, \(keys) }\n", in: directory)
            }
            try write(String(repeating: "x", count: 65_536), to: "secret", in: directory)
            try await bothRefuse(
                "mqtt:\n  b: { url: mqtts://a.b, username: u, password: { file: »secret } }\n",
                in: directory
            )
        }
    }

    private func write(_ text: String, to name: String, in directory: URL) throws {
        let file = directory.appendingPathComponent(name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    @Test("an unusable TLS file is wrong before anything starts, wherever it is named")
    func tlsFiles() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let good = try await authority.issue("good")
            let other = try await authority.issue("other")
            let weak = try await authority.issueWrong("weak", key: ["-newkey", "rsa:1024"])
            try write("", to: "empty", in: directory)
            try write("no certificate\n", to: "none", in: directory)
            let blocks = [
                "ca_file: »empty", "ca_file: »none", "ca_file: »absent", "ca_file: »\(directory.path)",
                "key_file: \(good.keyFile), cert_file: »none", "cert_file: \(good.certificateFile), key_file: »none",
                "cert_file: \(good.certificateFile), key_file: »\(other.keyFile)",
                "key_file: \(weak.keyFile), cert_file: »\(weak.certificateFile)",
            ]
            let places = [
                "connections:\n  c: { url: wss://a.b, tls: { BLOCK } }\n",
                "mqtt:\n  b: { url: mqtts://a.b, tls: { BLOCK } }\n",
                "connections:\n  c: { url: ws://a.b, proxy: 'https://p.example', tls: { BLOCK } }\n",
                "connections:\n  c: { url: wss://a.b, oauth2: { token_url: 'https://a.b', client_id: a, "
                    + "client_secret: b, tls: { BLOCK } } }\n",
            ]
            for place in places {
                for block in blocks { try await bothRefuse(place.replacing("BLOCK", with: block), in: directory) }
            }
        }
    }

    @Test("what only this machine decides now is 78 for check, and stops no more than its part in run")
    func theMachine() async throws {
        try await withTemporaryDirectory { directory in
            try "keep me".write(to: directory.appendingPathComponent("file"), atomically: true, encoding: .utf8)
            let yaml = """
                connections:
                  c: { url: ws://127.0.0.1:1, bearer_token: { command: [ ./no-such-program ] } }
                  d: { url: ws://127.0.0.1:1 }
                routes:
                  file: { from: { fifo: ./file }, to: c }
                  foreign: { from: { udp: "192.0.2.77:5006" }, to: c }
                  lost: { from: { udp: "239.1.2.3:\(freePort())", multicast_interface: nowhere0 }, to: c }
                  nowhere: { from: c, to: { udp: "239.1.2.3:5005", multicast_interface: nowhere1 } }

                """
            let checked = try await finish("check", yaml, in: directory)
            #expect(checked.status == .exited(78))
            for place in ["2:56", "5:25", "6:27", "7:24", "8:34"] {
                #expect(checked.errors.contains("wsbridge.yaml:\(place): "), "\(checked)")
            }
            try await withGateway(yaml, in: directory) { gateway in
                try await gateway.status("all of it is told") { stats in
                    stats.routes["file"]?.error?.contains("not a FIFO") == true
                        && stats.routes["foreign"]?.error?.contains("not an address of this machine") == true
                        && stats.routes["lost"]?.error?.contains("nowhere0") == true
                        && stats.routes["nowhere"]?.error?.contains("nowhere1") == true
                        && stats.connections["c"]?.reason?.contains("no such program") == true
                        && stats.connections["d"]?.failures?.isEmpty == false
                }
                for words in [
                    "not a FIFO", "not an address of this machine", "nowhere0", "nowhere1", "no such program",
                ] {
                    _ = try await gateway.log.line(containing: words)
                }
            }
            #expect(
                try String(contentsOf: directory.appendingPathComponent("file"), encoding: .utf8) == "keep me"
            )
        }
    }

    @Test("exit 70: what nobody foresaw has words")
    func theUnforeseen() async throws {
        try await withTemporaryDirectory { directory in
            let environment = gatewayEnvironment(directory).merging(["TMPDIR": "/nowhere/at/all"]) { $1 }
            let finished = try await run(Executables.wsbridge, ["demo"], environment: environment, directory: directory)
            #expect(finished.status == .exited(70), "\(finished)")
            #expect(finished.errors.contains("unexpected error, please report it: "))
        }
    }
}
