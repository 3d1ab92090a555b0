import Foundation
import TestSupport
import Testing

/// S7 as a kind: a canary in each place where a secret may stand, said back in each form, looked for in each output.
struct SecretFormsTests {
    @Test("S7: a secret from any place, said back in any form, appears in no output", arguments: ["text", "json"])
    func noSecretComesBack(format: String) async throws {
        try await withParts { parts in
            let yaml = try yaml(parts, format: format)
            try await withGateway(yaml, in: parts.directory, environment: ["FEED_SESSION": Self.canary("env")]) {
                gateway in
                let site = Site(broker: parts.broker, server: parts.server, mqtt: parts.watcher, gateway: gateway)
                try await establish(site)
                var seen = ""
                var count = 0
                for chunk in 0..<Self.chunks {
                    for place in Self.places {
                        let forms = Self.forms(of: place)
                        let part = forms[
                            (chunk * forms.count / Self.chunks)..<((chunk + 1) * forms.count / Self.chunks)
                        ]
                        // Each at the beginning, for the log; then all, for the status.
                        let messages = part.map { $0 } + [part.joined(separator: " ")]
                        try await client(place, of: site).send(messages.map { .text($0) })
                        count += messages.count
                    }
                    try await gateway.status("all arrived") {
                        $0.connections.values.reduce(0) { $0 + $1.received } == count
                    }
                    for answer in [
                        try await gateway.command("status"), try await gateway.command("status", "--json"),
                        try await gateway.command("send", "filed", "x"), try await gateway.command("connect", "nobody"),
                    ] { seen += answer.output + answer.errors }
                }
                try await misaddress(site)
                for place in Self.places {
                    let canary = Self.canary(place)
                    let reason = "\(canary) \(Data(canary.utf8).base64EncodedString())"
                    try await client(place, of: site).send([.close(code: 4001, reason: reason)])
                }
                for place in Self.places { try await site.event("disconnected", of: place, number: 1) }
                seen += try String(contentsOfFile: "/proc/\(gateway.process.processID)/cmdline", encoding: .utf8)
                try await gateway.stop()
                seen += gateway.log.text + gateway.process.output.text
                for message in site.mqtt.messages where !message.topic.contains("/command/") {
                    seen += "\(message.topic) \(message.text)\n"
                }
                for place in Self.places + ["mqtt"] {
                    for needle in Set(Self.forms(of: place).flatMap(Self.needles)) {
                        let leaks = seen.split(separator: "\n").filter { $0.contains(needle) }
                        #expect(leaks.isEmpty, "\(place), \(needle): \(leaks.prefix(2))")
                    }
                }
                // Or there was nothing to be seen.
                #expect(seen.contains("(hidden)") && seen.contains("***") && seen.contains("last_received"))
            }
        }
    }

    // MARK: Places

    private static let places = [
        "header", "authorization", "cookie", "cookies", "filed", "program", "basic", "userinfo", "query", "encoded",
        "unnamed", "oauth", "token", "variable", "env", "proxied", "protocol",
    ]
    private static let chunks = 3

    /// Some places take no quotes.
    private static func canary(_ place: String) -> String {
        let isPlain = ["cookie", "cookies", "query", "unnamed", "protocol"].contains(place)
        switch place {
        case "protocol": return "canary.\(place)-0123456789.EndOfIt"
        case "query", "unnamed": return "canary/\(place)+x?~EndOfIt"
        default: return isPlain ? "canary/\(place)+x?~<>EndOfIt" : #"canary/\#(place)+"x\?~<>EndOfIt"#
        }
    }

    private struct Parts {
        let broker: MosquittoBroker
        let watcher: MQTTTestClient
        let server: TestWebSocketServer
        let tokens: TestTokenServer
        let proxy: TestProxy
        let directory: URL
    }

    private func withParts(_ body: (Parts) async throws -> Void) async throws {
        let users = ["watcher": "w", "gateway": Self.canary("mqtt")]
        try await withMosquittoBroker(users: users) { broker in
            try await withMQTTClient(of: broker, user: "watcher", password: "w") { watcher in
                try await watcher.subscribe("#")
                try await withWebSocketServer { server in
                    let token = Self.json(Self.canary("token"))
                    try await withTokenServer(answering: { _, _ in .token(token) }) { tokens in
                        try await withTestProxy(.init(.http, login: "u:\(Self.canary("proxied"))")) { proxy in
                            try await withTemporaryDirectory { directory in
                                try await body(
                                    Parts(
                                        broker: broker,
                                        watcher: watcher,
                                        server: server,
                                        tokens: tokens,
                                        proxy: proxy,
                                        directory: directory
                                    )
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    private func yaml(_ parts: Parts, format: String) throws -> String {
        func file(_ place: String, _ text: String) throws -> String {
            let path = parts.directory.appendingPathComponent(place).path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o600)
            return path
        }
        func quoted(_ place: String) -> String { "'\(Self.canary(place))'" }
        func oauth(_ secret: String) -> String {
            "oauth2: { token_url: 'http://127.0.0.1:\(parts.tokens.port)/t', client_id: a, client_secret: \(secret) }"
        }
        let keys = [
            "header": "headers: { X-Session: \(quoted("header")) }",
            "authorization": "headers: { Authorization: 'Token \(Self.canary("authorization"))' }",
            "cookie": "headers: { Cookie: 'theme=dark; session=\(Self.canary("cookie"))' }",
            "cookies": "cookies: { theme: \(quoted("cookies")) }",
            "filed": "bearer_token: { file: '\(try file("filed", Self.canary("filed")))' }",
            "program": "bearer_token: { command: [ cat, '\(try file("program", Self.canary("program")))' ] }",
            "basic": "basic_auth: { username: anna, password: \(quoted("basic")) }",
            "oauth": oauth(quoted("oauth")),
            "token": oauth("another-secret"),
            "variable": "session: { variables: { v: \(quoted("variable")) }, steps: [ { send: '{v}' } ] }",
            "env": "on_established: [ '${FEED_SESSION}' ]",
            "proxied":
                "proxy: { url: 'http://127.0.0.1:\(parts.proxy.port)', username: u, password: \(quoted("proxied")) }",
            "protocol": "subprotocols: [ feed.v1, bearer, \(Self.canary("protocol")) ]",
        ]
        let queries = [
            "query": "?a=b&feed=\(Self.canary("query"))", "unnamed": "?\(Self.canary("unnamed"))",
            "encoded": "?feed=\(Self.percent(Self.canary("encoded"), upper: false))",
        ]
        let connections = Self.places.map { place in
            let user = place == "userinfo" ? "anna:\(Self.percent(Self.canary(place), upper: true))@" : ""
            let proxy = place == "proxied" ? "" : "proxy: none, "
            return """
                  \(place):
                    { url: "ws://\(user)127.0.0.1:\(parts.server.port)/\(place)\(queries[place] ?? "")", \(proxy)
                      extended_logging: true, log_comms: true, reconnect: { initial_delay: 20ms, max_delay: 50ms },
                      \(keys[place] ?? "") }
                """
        }
        return """
            log: { level: trace, format: \(format) }
            instance: test
            connections:
            \(connections.joined(separator: "\n"))
            mqtt:
              local: { url: "\(parts.broker.url)", username: gateway, password: \(quoted("mqtt")) }
            """
    }

    // MARK: Acts

    private func establish(_ site: Site) async throws {
        try await site.server.waitForEstablished(Self.places.count)
        try await site.server.waitForMessages(2)
        #expect(Set(site.server.texts) == [Self.canary("variable"), Self.canary("env")])
        #expect(try client("token", of: site).header("Authorization") == "Bearer \(Self.canary("token"))")
        #expect(try client("header", of: site).header("X-Session") == Self.canary("header"))
    }

    /// Topics hold secrets, too: words that are said in the log.
    private func misaddress(_ site: Site) async throws {
        let level = Self.canary("mqtt").replacingOccurrences(of: "/", with: "%2f").replacingOccurrences(
            of: "+",
            with: "%2B"
        )
        try await site.mqtt.publish("\(Site.base)/filed/command/\(level)", "x")
        _ = try await site.gateway.log.line(containing: "no such command")
    }

    private func client(_ place: String, of site: Site) throws -> TestWebSocketServer.Client {
        try #require(
            site.server.clients.last {
                $0.isEstablished && $0.target?.split(separator: "?").first.map(String.init) == "/\(place)"
            },
            "\(place)"
        )
    }

    // MARK: Forms

    private static func forms(of place: String) -> [String] {
        let canary = canary(place)
        let base64 = Data(canary.utf8).base64EncodedString()
        let pair = Data("anna:\(canary)".utf8).base64EncodedString()
        let urlSafe = base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        let json = json(canary)
        return [
            canary, json, json.replacingOccurrences(of: "/", with: #"\/"#), Self.json(json), "\"\(json)\"",
            unicode(canary, upper: false), unicode(canary, upper: true), percent(canary, upper: true),
            percent(canary, upper: false), mixed(percent(canary, upper: true)), percent(json, upper: false),
            percent(percent(canary, upper: true), upper: true), base64, urlSafe,
            urlSafe.replacingOccurrences(of: "=", with: ""), "Basic \(pair)",
            base64.replacingOccurrences(of: "/", with: #"\/"#),
        ]
    }

    private static func json(_ text: String) -> String {
        text.replacingOccurrences(of: #"\"#, with: #"\\"#).replacingOccurrences(of: "\"", with: "\\\"")
    }

    private static func unicode(_ text: String, upper: Bool) -> String {
        text.unicodeScalars.map { scalar in
            let isLetter = scalar.properties.isAlphabetic
            return isLetter ? String(scalar) : "\\u" + String(format: upper ? "%04X" : "%04x", scalar.value)
        }.joined()
    }

    private static func percent(_ text: String, upper: Bool) -> String {
        text.utf8.map { byte in
            let isPlain = UnicodeScalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : String(format: upper ? "%%%02X" : "%%%02x", byte)
        }.joined()
    }

    /// Every other escape in lower case.
    private static func mixed(_ text: String) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).enumerated().map { index, piece in
            index.isMultiple(of: 2) ? String(piece) : piece.prefix(2).lowercased() + piece.dropFirst(2)
        }.joined(separator: "%")
    }

    /// What of a form no output shows, whatever the output escapes: its longer runs of letters and digits.
    private static func needles(of form: String) -> [String] {
        let isBase64 = !form.contains("canary")
        return form.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.map(String.init).filter {
            isBase64 ? $0.count >= 10 : $0.contains("canary") || $0.contains("EndOfIt")
        }
    }
}
