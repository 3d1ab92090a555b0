import Foundation
import TestSupport
import Testing

/// The ways to a server that are not the straight one, with the real binary: proxies, Unix sockets, and their failures.
struct WaysOutTests {
    /// A gateway whose connection `cloud` has these keys, with a UDP sink to show what arrives.
    private func withConnection(
        _ keys: String,
        environment: [String: String] = [:],
        _ body: (Gateway, UDPReceiver) async throws -> Void
    ) async throws {
        try await withUDPReceiver { receiver in
            try await withTemporaryDirectory { directory in
                try await withGateway(
                    """
                    instance: test
                    connections:
                      cloud:
                        reconnect: { initial_delay: 50ms, max_delay: 200ms }
                    \(keys.indented(4))
                    routes:
                      out: { from: cloud, to: { udp: "127.0.0.1:\(receiver.port)" } }
                    """,
                    in: directory,
                    environment: environment
                ) { gateway in try await body(gateway, receiver) }
            }
        }
    }

    /// One message through, and an orderly end.
    private func expectMessage(from server: TestWebSocketServer, _ gateway: Gateway, _ receiver: UDPReceiver)
        async throws
    {
        try await gateway.status("established") { $0.connections["cloud"]?.state == "established" }
        try await server.send("the long way")
        try await receiver.waitForDatagrams(1)
        try await gateway.stop()
    }

    @Test(arguments: [TestProxy.Kind.http, .socks5], [nil, "anna:pw with blanks"])
    func aProxyThatLooksNamesUpItself(kind: TestProxy.Kind, login: String?) async throws {
        try await withWebSocketServer { server in
            try await withTestProxy(.init(kind, login: login)) { proxy in
                let scheme = kind == .http ? "http" : "socks5"
                let keys =
                    login == nil
                    ? "proxy: \(scheme)://127.0.0.1:\(proxy.port)"
                    : "proxy: { url: \"\(scheme)://127.0.0.1:\(proxy.port)\", username: anna, password: pw with blanks }"
                try await withConnection("url: ws://feed.nowhere.invalid:\(server.port)/feed\n\(keys)") {
                    gateway,
                    receiver in
                    try await expectMessage(from: server, gateway, receiver)
                }
                #expect(proxy.requests == ["feed.nowhere.invalid:\(server.port)"])
                #expect(server.clients.first?.target == "/feed")
            }
        }
    }

    @Test(arguments: ["proxy: http", "proxy: socks5", "http_proxy"])
    func theTokenEndpointIsReachedAsTheServerIs(way: String) async throws {
        try await withWebSocketServer { server in
            try await withTokenServer(answering: { _, _ in .token("abc", expiresIn: 3600) }) { tokens in
                let kind = way.contains("socks5") ? TestProxy.Kind.socks5 : .http
                try await withTestProxy(.init(kind, login: "anna:canary-pw")) { proxy in
                    let address = "anna:canary-pw@127.0.0.1:\(proxy.port)"
                    let isVariable = way == "http_proxy"
                    let keys = """
                        url: ws://feed.nowhere.invalid:\(server.port)/feed
                        extended_logging: true
                        oauth2: { token_url: "http://login.nowhere.invalid:\(tokens.port)/token", client_id: site,
                                  client_secret: s3cret-s3cret }
                        \(isVariable ? "" : "\(way)://\(address)")
                        """
                    let environment = isVariable ? ["http_proxy": "http://\(address)"] : [:]
                    try await withConnection(keys, environment: environment) { gateway, receiver in
                        if isVariable {
                            let said = "asks for tokens through the proxy http://127.0.0.1:\(proxy.port) (http_proxy)"
                            _ = try await gateway.log.line(containing: said)
                            #expect(try await gateway.command("check").output.contains("connection cloud \(said)"))
                        }
                        try await expectMessage(from: server, gateway, receiver)
                        #expect(!gateway.log.text.contains("canary-pw"))
                    }
                    #expect(
                        proxy.requests
                            == ["login.nowhere.invalid:\(tokens.port)", "feed.nowhere.invalid:\(server.port)"]
                    )
                    #expect(server.clients.first?.header("Authorization") == "Bearer abc")
                }
            }
        }
    }

    @Test("S5: behind a proxy it is the server's certificate that counts", arguments: ["right", "wrong"])
    func wssThroughAProxyVerifiesTheServer(name: String) async throws {
        try await withTemporaryDirectory { certificates in
            let authority = try await TestAuthority(in: certificates)
            let host = "stream.nowhere.invalid"
            let names = name == "right" ? ["DNS:\(host)"] : ["DNS:127.0.0.1", "DNS:proxy.invalid", "IP:127.0.0.1"]
            let certificate = try await authority.issue("server", names: names)
            try await withWebSocketServer { server in
                try await withTLSRelay(to: server.port, certificate: certificate) { relay in
                    try await withTestProxy(.init(.http)) { proxy in
                        let keys = """
                            url: wss://\(host):\(relay.port)/
                            proxy: http://127.0.0.1:\(proxy.port)
                            tls: { ca_file: "\(authority.certificate.certificateFile)" }
                            """
                        try await withConnection(keys) { gateway, receiver in
                            if name == "right" { return try await expectMessage(from: server, gateway, receiver) }
                            let status = try await gateway.status("fault") { $0.connections["cloud"]?.state == "fault" }
                            #expect(status.connections["cloud"]?.reason?.contains(host) == true)
                        }
                    }
                }
            }
        }
    }

    @Test func aProxyBehindTLSCarriesTLS() async throws {
        try await withTemporaryDirectory { certificates in
            let authority = try await TestAuthority(in: certificates)
            let server = try await authority.issue("server", names: ["DNS:stream.nowhere.invalid"])
            let proxyCertificate = try await authority.issue("proxy", names: ["IP:127.0.0.1"])
            try await withWebSocketServer { feed in
                try await withTLSRelay(to: feed.port, certificate: server) { relay in
                    try await withTestProxy(.init(.http, login: "u:p")) { proxy in
                        try await withTLSRelay(to: proxy.port, certificate: proxyCertificate) { front in
                            let keys = """
                                url: wss://stream.nowhere.invalid:\(relay.port)/
                                proxy: https://u:p@127.0.0.1:\(front.port)
                                tls: { ca_file: "\(authority.certificate.certificateFile)" }
                                """
                            try await withConnection(keys) { gateway, receiver in
                                try await expectMessage(from: feed, gateway, receiver)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func aProxyOfTheEnvironmentIsUsedAndSaidAloud() async throws {
        try await withWebSocketServer { server in
            try await withTestProxy(.init(.http)) { proxy in
                let environment = ["http_proxy": "127.0.0.1:\(proxy.port)", "no_proxy": "other.example"]
                try await withConnection("url: ws://feed.nowhere.invalid:\(server.port)/", environment: environment) {
                    gateway,
                    receiver in
                    let line = try await gateway.log.line(containing: "goes through the proxy")
                    #expect(line.contains("http://127.0.0.1:\(proxy.port) (http_proxy)"))
                    let check = try await gateway.command("check")
                    #expect(
                        check.output.contains("connection cloud goes through the proxy http://127.0.0.1:\(proxy.port)")
                    )
                    try await expectMessage(from: server, gateway, receiver)
                }
                // Loopback, an exception, and `proxy: none` take the direct way.
                for (host, key, exceptions) in [
                    ("127.0.0.1", "", ""), ("localhost", "proxy: none", ""), ("localhost", "", "*"),
                ] {
                    let keys = "url: ws://\(host):\(server.port)/\n\(key)"
                    let environment = ["http_proxy": "http://127.0.0.1:1", "no_proxy": exceptions]
                    try await withConnection(keys, environment: environment) { gateway, _ in
                        try await gateway.status("established") { $0.connections["cloud"]?.state == "established" }
                    }
                }
                #expect(proxy.requests.count == 1)
            }
        }
    }

    @Test("S7: what a proxy refuses is said, our password is not")
    func whatAProxyRefusesIsSaid() async throws {
        try await withTestProxy(.init(.http, login: "anna:right")) { proxy in
            try await withTemporaryDirectory { directory in
                let file = directory.appendingPathComponent("password")
                try "canary-password\n".write(to: file, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
                let keys = """
                    url: ws://feed.nowhere.invalid/
                    extended_logging: true
                    proxy: { url: "http://127.0.0.1:\(proxy.port)", username: anna, password: { file: "\(file.path)" } }
                    """
                try await withConnection(keys) { gateway, _ in
                    let status = try await gateway.status("fault") { $0.connections["cloud"]?.state == "fault" }
                    #expect(
                        status.connections["cloud"]?.reason
                            == "proxy 127.0.0.1:\(proxy.port) refused CONNECT to feed.nowhere.invalid:80: "
                            + "407 Proxy Authentication Required"
                    )
                    let all = gateway.log.tail() + (try await gateway.command("status", "--json")).output
                    #expect(!all.contains("canary-password"))
                    #expect(proxy.requests.count == 1, "a wrong password is not tried again and again")
                    // The file is read anew.
                    try "right\n".write(to: file, atomically: false, encoding: .utf8)
                    _ = try await gateway.command("connect", "cloud")
                    try await gateway.status("another reason") {
                        $0.connections["cloud"]?.reason?.contains("502 Bad Gateway") == true
                    }
                }
            }
        }
    }

    @Test func aProxyThatIsAwayOrNoneIsNamed() async throws {
        let port = freePort()
        try await withConnection("url: ws://feed.example/\nproxy: socks5://127.0.0.1:\(port)") { gateway, _ in
            let status = try await gateway.status("backoff") { $0.connections["cloud"]?.reason != nil }
            #expect(status.connections["cloud"]?.reason == "connection refused by proxy 127.0.0.1:\(port)")
        }
        try await withWebSocketServer(.init(.raw(Array("SSH-2.0-x\r\n".utf8), closes: true))) { server in
            try await withConnection("url: ws://feed.example/\nproxy: http://127.0.0.1:\(server.port)") { gateway, _ in
                let status = try await gateway.status("backoff") { $0.connections["cloud"]?.reason != nil }
                #expect(status.connections["cloud"]?.reason == "proxy 127.0.0.1:\(server.port) doesn't speak HTTP")
            }
        }
    }

    @Test func aServerOnAUnixSocket() async throws {
        try await withWebSocketServer { server in
            try await withTemporaryDirectory { directory in
                let path = directory.appendingPathComponent("feed.sock").path
                try await withTestProxy(.init(.relay(port: server.port), socketPath: path)) { _ in
                    try await withConnection("url: \"ws+unix:\(path):/feed?x=1\"") { gateway, receiver in
                        try await expectMessage(from: server, gateway, receiver)
                    }
                }
                #expect(server.clients.first?.target == "/feed?x=1")
                #expect(server.clients.first?.header("Host") == "localhost")
            }
        }
    }

    @Test func whatIsWrongWithAUnixSocketIsSaid() async throws {
        try await withTemporaryDirectory { directory in
            let missing = directory.appendingPathComponent("missing.sock").path
            let file = directory.appendingPathComponent("file").path
            try "no socket".write(toFile: file, atomically: true, encoding: .utf8)
            for (path, state, reason) in [
                (missing, "backoff", "there is no socket \(missing): its server may not run"),
                (file, "fault", "\(file) is not a socket"),
            ] {
                try await withConnection("url: \"ws+unix:\(path)\"") { gateway, _ in
                    let status = try await gateway.status(state) { $0.connections["cloud"]?.state == state }
                    #expect(status.connections["cloud"]?.reason == reason)
                }
            }
        }
    }

    @Test("S7: TLS keys are written only with --insecure-keylog, to a file for its owner alone")
    func keysAreWrittenOnlyWhenAskedFor() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            let keys = directory.appendingPathComponent("keys.log")
            try "connections: {}\nroutes: {}\n"
                .write(to: directory.appendingPathComponent("wsbridge.yaml"), atomically: true, encoding: .utf8)
            let alone = try await run(
                Executables.wsbridge,
                ["run", "--insecure-keylog"],
                environment: gatewayEnvironment(directory),
                directory: directory
            )
            #expect(alone.status == .exited(64))
            #expect(alone.errors.contains("SSLKEYLOGFILE"))
            try await withWebSocketServer { server in
                try await withTLSRelay(to: server.port, certificate: certificate) { relay in
                    let yaml = """
                        connections:
                          cloud:
                            url: wss://127.0.0.1:\(relay.port)
                            tls: { ca_file: "\(authority.certificate.certificateFile)" }
                        """
                    for arguments in [["run"], ["run", "--insecure-keylog"]] {
                        try yaml.write(
                            to: directory.appendingPathComponent("wsbridge.yaml"),
                            atomically: true,
                            encoding: .utf8
                        )
                        let environment = gatewayEnvironment(directory).merging(["SSLKEYLOGFILE": keys.path]) { $1 }
                        try await withProcess(
                            Executables.wsbridge,
                            arguments,
                            environment: environment,
                            directory: directory
                        ) {
                            process in
                            _ = try await process.errors.line(containing: "established")
                            let isAsked = arguments.count == 2
                            _ = try await process.errors.line(
                                containing: isAsked ? "INSECURE" : "SSLKEYLOGFILE is set and ignored"
                            )
                            #expect(FileManager.default.fileExists(atPath: keys.path) == isAsked)
                        }
                    }
                    let text = try String(contentsOf: keys, encoding: .utf8)
                    #expect(text.contains("SECRET") || text.contains("CLIENT_RANDOM"))
                    let mode = try FileManager.default.attributesOfItem(atPath: keys.path)[.posixPermissions] as? Int
                    #expect(mode == 0o600)
                }
            }
        }
    }
}
