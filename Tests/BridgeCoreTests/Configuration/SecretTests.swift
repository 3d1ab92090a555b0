import BridgeCore
import Testing

/// Secrets: where they may stand, how they are read, and that nothing shows them.
struct SecretTests {
    private static let canary = "canary-7f3a"

    /// Every way to write a secret wrong, or beside something wrong.
    private static let files = [
        "connections: { a: { url: 'ws://user:CANARY@h ost/x', bearer_token: CANARY, zebra: 1 } }",
        "connections: { a: { url: 'http://h/?token=CANARY' } }",
        "connections: { a: { url: 'CANARY' } }",
        "connections: { a: { url: [ CANARY ] } }",
        "connections: { a: { url: { CANARY: x } } }",
        "connections: { a: { hostname: 'wss://u:CANARY@h:1/x?t=CANARY#CANARY' } }",
        "connections: { a: { hostname: 'h/x?t=CANARY', path: 'x?t=CANARY' } }",
        "connections: { a: { url: ws://h, path: '/x y?t=CANARY', bearer_token: [ CANARY ] } }",
        "connections: { a: { url: ws://h, bearer_token: { CANARY: x } } }",
        "connections: { a: { url: ws://h, bearer_token: { fil: CANARY } } }",
        "connections: { a: { url: ws://h, bearer_token: { file: /a, CANARY: x } } }",
        "connections: { a: { url: ws://h, bearer_token: \"CANARY\\r\\nX: y\" } }",
        "connections: { a: { url: ws://h, bearer_token: \"CANARY\\0\" } }",
        "connections: { a: { url: ws://h, bearer_token: CANARY, headers: { Authorization: CANARY } } }",
        "connections: { a: { url: ws://h, headers: 'Authorization: CANARY' } }",
        "connections: { a: { url: ws://h, headers: [ 'Authorization: CANARY' ] } }",
        "connections: { a: { url: ws://h, headers: { 'Authorization: Bearer CANARY': } } }",
        "connections: { a: { url: ws://h, headers: { Cookie: [ CANARY ], X: { CANARY: y } } } }",
        "connections: { a: { url: ws://h, headers: { Cookie: \"CANARY\\n\" } } }",
        "connections: { a: { url: ws://h, bearer_tokn: CANARY, token: CANARY } }",
        "connections: { a: { url: ws://h, on_established: [ { CANARY: CANARY } ] } }",
        "connections: { a: { url: ws://h, bearer_token: !secret CANARY } }",
        "connections: { a: { url: ws://h, bearer_token: CANARY, bearer_token: CANARY } }",
        "connections: { a: { url: ws://h, basic_auth: 'anna:CANARY' } }",
        "connections: { a: { url: ws://h, basic_auth: [ CANARY ] } }",
        "connections: { a: { url: ws://h, basic_auth: { username: 'a:CANARY', password: \"CANARY\\n\" } } }",
        "connections: { a: { url: ws://h, basic_auth: { username: a, password: CANARY }, bearer_token: CANARY } }",
        "connections: { a: { url: ws://h, bearer_token: { command: 'echo CANARY' } } }",
        "connections: { a: { url: ws://h, bearer_token: { command: [ { CANARY: x } ], file: CANARY } } }",
        "connections: { a: { url: ws://h, cookies: 'session=CANARY' } }",
        "connections: { a: { url: ws://h, cookies: { session: 'a CANARY', 'x=CANARY': y } } }",
        "connections: { a: { url: ws://h, cookies: { session: CANARY }, headers: { Cookie: CANARY } } }",
        "connections: { a: { url: ws://h, oauth2: { token_url: 'https://u:CANARY@h', client_id: x } } }",
        "connections: { a: { url: ws://h, oauth2: { token_url: 'ftp://h', client_secret: [ CANARY ] } } }",
        "connections: { a: { url: ws://h, oauth2: { client_secret: \"CANARY\\0\" } } }",
        "mqtt: { a: { url: 'mqtt://u:CANARY@h' } }",
        "mqtt: { a: { url: 'tcp://u:CANARY@h' } }",
        "mqtt: { a: { url: mqtt://h, password: { path: CANARY } } }",
        "mqtt: { a: { url: mqtt://h, protocol_version: 3.1.1, password: CANARY } }",
        "mqtt: { a: { url: mqtt://h, passwrd: CANARY } }",
        "connections:\n  a:\n    url: ws://h\n    bearer_token: CANARY\n   headers: {}",
        "connections:\n  a:\n    bearer_token: \"CANARY\n",
        "connections:\n  a:\n\tbearer_token: CANARY\n",
        "connections:\n  a: { bearer_token: *CANARY }\n",
        "connections:\n  a: { bearer_token: CANARY ]\n",
        "connections:\n  a: { bearer_token: @CANARY }\n",
        "connections: { a: { url: ws://h, bearer_token: 'a: b', port: '${SECRET}', protocol: '${SECRET}' } }",
        "connections: { a: { hostname: '${SECRET}:x', connect_timeout: '${SECRET}', auto_connect: '${SECRET}' } }",
        "connections: { a: { url: '${SECRET}', max_message_size: '${SECRET}', subprotocols: '${SECRET}' } }",
        "instance: '${SECRET}/'\nweb: { listen: '${SECRET}' }\nlog: { level: '${SECRET}' }",
        "CANARY",
        "- CANARY",
    ]

    @Test("S7, S15: no diagnostic shows a secret", arguments: files)
    func s7NothingShowsASecret(text: String) {
        let file = text.split(separator: "CANARY", omittingEmptySubsequences: false).joined(separator: Self.canary)
        let outcome = Transcript(environment: ["SECRET": Self.canary], isWorldReadable: true).load(file + "\n")
        #expect(outcome.configuration == nil)
        #expect(!outcome.diagnostics.isEmpty)
        for diagnostic in outcome.diagnostics {
            #expect(!diagnostic.description.contains("canary"))
        }
    }

    /// Each place for a secret, with what may be written there by mistake.
    private static let places = [
        "url: %", "url: ws://h, bearer_token: %", "url: ws://h, bearer_token: { command: [ a, % ] }",
        "url: ws://h, basic_auth: %", "url: ws://h, basic_auth: { username: %, password: % }",
        "url: ws://h, oauth2: %", "url: ws://h, oauth2: { token_url: %, client_id: a, client_secret: % }",
        "url: ws://h, cookies: %", "url: ws://h, cookies: { a: % }", "url: ws://h, headers: %",
        "url: ws://h, headers: { Authorization: %, X-Session: % }",
        "url: ws://h, proxy: { url: 'http://p', username: u, password: % }",
        "url: ws://h, session: { variables: % }",
        "url: ws://h, session: { variables: { a: % }, steps: [ { send: x } ] }",
        "url: ws://h, session: { preset: home-assistant, access_token: % }",
        "url: ws://h, session: { preset: socket.io, auth: { a: % } }",
        "url: ws://h, token: %, password: %, authorization: %, api_key: %",
    ]

    private static let mistakes = [
        "CANARY", "'CANARY '", "\"CANARY\\n\"", "\"\\tCANARY\\0\"", "[ CANARY ]", "[ [ CANARY ] ]", "{ CANARY: x }",
        "{ fil: CANARY }", "{ file: [ CANARY ] }", "{ file: { CANARY: x } }", "{ command: CANARY }",
        "{ command: { CANARY: x } }",
        "!CANARY", "!CANARY x", "!!CANARY x", "&CANARY", "*CANARY", "@CANARY", "`CANARY`", "%CANARY", "| CANARY",
        "> CANARY",
        "? CANARY", "- CANARY", "'CANARY", "'CANARY''", "\"CANARY\" x", "\"\\CANARY\"", "'${SECRET}\n'",
        "[ '${SECRET}' ]",
        "${SECRET}", "'${SECRET}${UNSET}'", "'ws://u:CANARY@h:x/'", "'CANARY://h'",
        "'wss://h/?CANARY #'",
    ]

    @Test("S15: whatever is written where a secret may stand, no diagnostic shows it", arguments: places)
    func noMistakeShowsASecret(place: String) {
        let takesNames = place.hasSuffix("cookies: %") || place.hasSuffix("headers: %")
        for mistake in Self.mistakes where !(takesNames && mistake == "{ CANARY: x }") {
            let written = place.replacing("%", with: mistake.replacing("CANARY", with: Self.canary))
            for file in [
                "connections: { a: { \(written) } }\n",
                "connections:\n  a:\n    " + written.replacing(", ", with: "\n    ") + "\n",
            ] {
                let outcome = Transcript(environment: ["SECRET": Self.canary], isWorldReadable: true).load(file)
                for diagnostic in outcome.diagnostics + MachineChecks.diagnostics(for: outcome, before: .check) {
                    #expect(!diagnostic.description.contains("canary"), "\(file)")
                }
            }
        }
    }

    @Test func aSecretInQuotesIsAWarning() throws {
        let what =
            "begins and ends with a quote, which is part of the secret: an --env-file keeps quotes; delete both, unless they belong to it"
        let text = """
            connections:
              a: { url: wss://a.b, bearer_token: "${T}", headers: { X-Session: "'abc'", X-Site: "'12'" } }
              b: { url: "wss://anna:'abc'@a.b", on_established: [ 'login ${FEED_KEY}' ] }
              c: { url: wss://a.b, basic_auth: { username: "'a", password: '"' }, proxy: "http://u:%22p%22@h:1" }
            mqtt: { m: { url: mqtts://a.b, password: "${MQTT_PASSWORD}" } }
            routes: {}

            """
        let environment = ["T": "\"abc\"", "FEED_KEY": "'abc'", "MQTT_PASSWORD": "\"a\""]
        #expect(
            Transcript(environment: environment).lines(text) == [
                "2:38: warning: bearer_token, the value of ${T}, \(what)", "2:68: warning: X-Session \(what)",
                "3:13: warning: the password in url \(what)", "3:55: warning: the value of ${FEED_KEY} \(what)",
                "4:78: warning: the password in proxy \(what)", "5:42: warning: the value of ${MQTT_PASSWORD} \(what)",
            ]
        )
        try withTemporaryFolder { folder in
            let path = try folder.write("'abc'\n", to: "token")
            let file = "connections: { a: { url: wss://a.b, bearer_token: { file: '\(path)' } } }\nroutes: {}\n"
            #expect(
                MachineChecks.diagnostics(for: Transcript().load(file), before: .check).map(\.description).contains(
                    "site.yaml:1:59: warning: bearer_token: the text in '\(path)' \(what)"
                )
            )
        }
    }

    @Test func aLiteralSecretInAFileThatEveryoneCanReadIsAWarning() {
        let text = """
            connections:
              a:
                url: wss://user:pass@a.b
                headers: { X-Site: "12", X-Api-Key: abc }
              b: { url: wss://a.b, bearer_token: abc }
              c: { url: wss://a.b, bearer_token: "${T}" }
              d: { url: wss://a.b, bearer_token: "${UNSET:-abc}" }
              e: { url: wss://a.b, bearer_token: { file: /a } }
            mqtt: { m: { url: mqtts://a.b, password: abc } }
            routes: {}

            """
        let what =
            "stands in a file that everyone on this machine can read: chmod 640 the file, or write ${NAME} or { file: PATH }"
        #expect(
            Transcript(environment: ["T": "x"], isWorldReadable: true).lines(text) == [
                "3:10: warning: the password in url \(what)",
                "4:41: warning: X-Api-Key \(what)",
                "5:38: warning: bearer_token \(what)",
                "7:38: warning: bearer_token \(what)",
                "9:42: warning: password \(what)",
            ]
        )
        #expect(Transcript(environment: ["T": "x"]).lines(text) == [])
    }

    @Test func theConfigurationsDescriptionShowsNoSecret() throws {
        let gateway = try configuration(
            "connections: { a: { url: wss://u:canary@a.b, headers: { Cookie: canary } } }\nmqtt: { m: { url: mqtts://a.b, password: canary } }\nroutes: {}\n"
        )
        #expect(!"\(gateway)".contains("canary"))
        var dumped = ""
        dump(gateway, to: &dumped)
        #expect(!dumped.contains("canary"))
    }

    @Test("S6: a secret file that ends in a newline works")
    func s6OneNewlineIsStripped() throws {
        try withTemporaryFolder { folder in
            for (content, value) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("a b\t", "a b\t")] {
                let path = try folder.write(content, to: "token")
                #expect(try SecretReader.read(.file(path)) == value)
            }
            #expect(try SecretReader.read(.literal("x\ny")) == "x\ny")
        }
    }

    @Test("S6: a secret file with an inner newline fails")
    func s6InnerNewlinesAndOtherContentIsRefused() throws {
        try withTemporaryFolder { folder in
            for content in ["a\nb", "a\n\n", "a\rb", "a\0b", "a\u{1B}b"] {
                let path = try folder.write(content, to: "token")
                #expect(throws: SecretError.severalLines(path: path)) { try SecretReader.read(.file(path)) }
            }
            for content in ["", "\n"] {
                let path = try folder.write(content, to: "token")
                #expect(throws: SecretError.empty(path: path)) { try SecretReader.read(.file(path)) }
            }
            let large = try folder.write(String(repeating: "x", count: (64 << 10) + 1), to: "token")
            #expect(throws: SecretError.tooLarge(path: large)) { try SecretReader.read(.file(large)) }
            let binary = try folder.write([0xFF, 0xFE], to: "token")
            #expect(throws: SecretError.notText(path: binary)) { try SecretReader.read(.file(binary)) }
            let absent = folder.path + "/absent"
            #expect(throws: SecretError.unreadable(path: absent, reason: "there is no such file")) {
                try SecretReader.read(.file(absent))
            }
            #expect(throws: SecretError.unreadable(path: folder.path, reason: "this is a folder, not a file")) {
                try SecretReader.read(.file(folder.path))
            }
        }
    }

    @Test func aSecretFileIsReadAnewEachTime() throws {
        try withTemporaryFolder { folder in
            let secret = Secret.file(try folder.write("first\n", to: "token"))
            #expect(try SecretReader.read(secret) == "first")
            _ = try folder.write("second\n", to: "token")
            #expect(try SecretReader.read(secret) == "second")
        }
    }

    @Test func theFilesContentIsNotInTheConfiguration() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("canary\n", to: "token")
            let gateway = try configuration(
                "connections: { a: { url: wss://a.b, bearer_token: { file: \"\(path)\" } } }\nroutes: {}\n"
            )
            #expect(gateway.connections[0].bearerToken == .file(path))
        }
    }
}
