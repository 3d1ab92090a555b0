import BridgeCore
import Testing
import WSClient

/// Files that are no YAML, or more YAML than is good.
struct YAMLProblemTests {
    @Test(arguments: ["", "\n\n", "# only a comment\n", "---\n", "~\n"])
    func anEmptyFileSaysWhatItNeeds(text: String) {
        expect(text, says: ["1:1: the file is empty: it needs keys such as connections: and routes:"])
    }

    @Test func theRootIsAMapping() {
        expect("- a\n", says: ["1:1: the file must hold keys such as connections: and routes:, found a list"])
        expect("hello\n", says: ["1:1: the file must hold keys such as connections: and routes:, found a text"])
    }

    @Test(arguments: [
        ("instance: \"a\nlog: {}\n", "1:11: the quotes that begin here are never closed"),
        (
            "instance: a: b\n",
            "1:12: a ':' where no key can be: put quotes around text that holds ': ', and check the indentation"
        ),
        ("instance: @a\n", "1:11: this character can't begin a text: put quotes around the text"),
        (
            "instance: \"\\q\"\n",
            "1:12: this escape is unknown: in double quotes write \\\\ for a backslash, or use single quotes"
        ),
        ("instance: 'a' b\n", "1:15: a key was expected here: check the indentation and the quotes above"),
        ("log: [1, 2\nweb: {}\n", "2:4: a ',' or ']' was expected here; the bracket that is still open is in line 1"),
        (
            "log: { level: ${LEVEL} }\n",
            "1:16: a ',' or '}' was expected here; put quotes around ${…} inside { } and [ ]"
        ),
        (
            "instance: *a\n",
            "1:11: an alias to an anchor that isn't defined above: put quotes around text that begins with '*'"
        ),
        ("instance: a\n---\ninstance: b\n", "2:1: a second document begins here: one file holds one; delete the '---'"),
        ("log:\n\tlevel: info\n", "2:1: a tab can't indent YAML: use spaces"),
        ("log:\n  \tlevel: info\n", "2:3: a tab can't indent YAML: use spaces"),
        (
            "instance: a\u{0}b\n",
            "1:12: the control character U+0000 can't stand in YAML: delete it, or write it as an escape in double quotes"
        ),
        (
            "instance: a\nlog: \u{1B}[1m\n",
            "2:6: the control character U+001B can't stand in YAML: delete it, or write it as an escape in double quotes"
        ),
    ])
    func syntaxErrorsSayWhatToDo(text: String, line: String) {
        expect(text, says: [line])
    }

    @Test(
        "S10: text that is quoted in a message steers no terminal and stays on its line",
        arguments: [
            #"{ instance: a, conn: 1, "\e[2Jx": 1 }"#, #"connections: { "a\nFORGED": { url: "ws://h" } }"#,
            #"connections: { c: { url: "ws://h", "key\u202e": 1 } }"#,
            #"{ mqtt: { b: { url: "mqtt://h" } }, routes: { r: { from: c, to: { mqtt: b, topic: "{\e[2J}" } } } }"#,
        ]
    )
    func messagesAreOneLine(text: String) {
        let diagnostics = Transcript().load(text).diagnostics
        #expect(!diagnostics.isEmpty)
        for scalar in diagnostics.map(\Diagnostic.description).joined().unicodeScalars {
            #expect(scalar.value >= 0x20 && scalar != "\u{7F}" && scalar != "\u{202E}")
        }
    }

    @Test func tagsMeanNothing() {
        expect(
            "instance: !secret token\nroutes: {}\n",
            says: ["1:11: a tag means nothing here; put quotes around text that begins with '!'"]
        )
    }

    @Test func bytesThatAreNoUTF8AreFound() {
        let loader = ConfigurationLoader(environment: [:], hostName: "h", userID: 0)
        func message(_ bytes: [UInt8]) -> String? {
            loader.load(bytes, file: "f").diagnostics.first?.description
        }
        #expect(
            message(Array("instance: a\nlog: ".utf8) + [0xFF])
                == "f:2:6: this is not UTF-8: save the file with UTF-8 encoding"
        )
        #expect(message([0xFF, 0xFE, 0x61, 0]) == "f:1:1: the file is UTF-16: save it as UTF-8")
    }

    @Test func aByteOrderMarkIsNoPartOfTheText() throws {
        let outcome = ConfigurationLoader(environment: [:], hostName: "h", userID: 0)
            .load([0xEF, 0xBB, 0xBF] + Array("instance: a\nroutes: {}\n".utf8), file: "f")
        #expect(outcome.configuration?.instance == "a")
        #expect(outcome.diagnostics.isEmpty)
    }

    @Test func windowsLineEndingsCountAsOne() {
        expect("instance: a\r\nrutes: {}\r\n", says: ["2:1: unknown key 'rutes': did you mean 'routes'?"])
    }

    @Test func columnsCountCharactersNotBytes() {
        expect(
            "log: { level: \"\u{E4}\u{F6}\u{1F600}\", frmat: text }\nroutes: {}\n",
            says: [
                "1:15: level must be one of trace, debug, info, notice, warning, error, critical, found '\u{E4}\u{F6}\u{1F600}'",
                "1:22: unknown key 'frmat' in log: did you mean 'format'?",
            ]
        )
    }

    @Test func anythingAbove1MiBIsRefused() {
        let comment = "#" + String(repeating: "x", count: 1 << 20)
        expect(comment, says: ["1:1: the file is larger than 1 MiB"])
        let text = "instance: a\nroutes: {}\n"
        #expect(Transcript().lines(text + "#" + String(repeating: "x", count: (1 << 20) - text.utf8.count - 1)) == [])
    }

    @Test func anythingDeeperThan64LevelsIsRefused() {
        // 63 lists within the mapping are 64 levels, and the scalar another.
        func nested(_ lists: Int) -> String {
            "x: " + String(repeating: "[", count: lists) + String(repeating: "]", count: lists) + "\n"
        }
        #expect(!Transcript().lines(nested(63)).contains { $0.contains("nested") })
        #expect(Transcript().lines(nested(64)).contains("1:67: nested deeper than 64 levels"))
        #expect(Transcript().lines(nested(100_000)).contains { $0.contains("nested deeper than 64 levels") })
        let block = String(repeating: "- ", count: 100_000)
        #expect(Transcript().lines("x:\n" + block).contains { $0.contains("nested deeper than 64 levels") })
    }

    @Test(.timeLimit(.minutes(1)))
    func aBillionLaughsAreRefusedFast() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (name, last) in zip("bcdefghij", "abcdefghi") {
            let aliases = Array(repeating: "*\(last)", count: 10).joined(separator: ", ")
            text += "\(name): &\(name) [\(aliases)]\n"
        }
        let lines = Transcript().lines(text)
        #expect(lines == ["1:35: with its aliases expanded the file has more than 100,000 values"])
    }

    @Test(.timeLimit(.minutes(1)))
    func aBillionLaughsInAKeyAreRefusedFast() {
        for key in ["? *j\n: x\n", "[*j]: x\n", "*j : x\n", "k: { ? [*j] : x }\n"] {
            var text = "a: &a [x, x]\n"
            for (name, last) in zip("bcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxy") {
                text += "\(name): &\(name) [*\(last), *\(last), *\(last), *\(last)]\n"
            }
            let lines = Transcript().lines(text + key)
            #expect(lines == ["27:1: in a file with many aliases a key must be a plain name"])
        }
    }

    @Test func aKeyIsAPlainName() {
        expect("routes: {}\n[a, b]: c\n", says: ["2:1: a key must be a plain name"])
        expect("routes: {}\n\"\": c\n", says: ["2:1: a key must be a plain name"])
    }

    @Test func duplicateKeysNameTheFirstPlaceAndHideNothingElse() {
        expect(
            """
            instance: a
            log: { level: info, level: debug }
            connections:
              cloud:
                url: wss://example.com
                "url": wss://example.org
                url: wss://example.net
                compresion: true
              cloud: {}
            instance: b
            """,
            says: [
                "2:21: the key 'level' is already in line 2: delete one",
                "6:5: the key 'url' is already in line 5: delete one",
                "7:5: the key 'url' is already in line 5: delete one",
                "8:5: unknown key 'compresion' in connections.cloud: did you mean 'compression'?",
                "9:3: the key 'cloud' is already in line 4: delete one",
                "10:1: the key 'instance' is already in line 1: delete one",
            ]
        )
    }

    @Test func aDuplicateThatCannotBeFoundIsStillAnError() {
        expect("log: { \"\\x6cevel\": info, level: debug }\n", says: ["1:8: the key 'level' is here more than once"])
    }

    @Test func anchorsAndMergesAreExpanded() throws {
        let gateway = try configuration(
            """
            connections:
              a: &base
                url: wss://example.com/a
                keep_alive: { interval: 5s }
              b:
                <<: *base
                url: wss://example.com/b
            routes: {}
            """
        )
        #expect(gateway.connections[1].endpoint.path == "/b")
        #expect(gateway.connections[1].keepAlive.interval == .seconds(5))
        expect("log:\n  <<: info\nroutes: {}\n", says: ["2:7: '<<' merges a mapping: write <<: *name of an anchor"])
    }
}
