import TestSupport

/// Configurations out of nasty pieces: a good one, with a few of its values exchanged for what may be wrong there.
struct NastyConfiguration {
    private var generator: SeededGenerator
    private let files: NastyFiles
    /// The places of which this configuration has something nasty.
    private(set) var exchanged: Set<String> = []

    /// Every place that may be exchanged.
    static let places = [
        "instance", "url", "headers", "identity", "subprotocols", "tls", "proxy", "session", "match", "broker.url",
        "client_id", "login", "broker.tls", "base_topic", "response_topics", "filter", "topic", "content_type",
        "udp.source", "udp.sink", "fifo", "conflate_by", "oauth2",
    ]

    init(seed: UInt64, files: NastyFiles) {
        generator = SeededGenerator(seed: seed)
        self.files = files
        exchanged.insert(Self.places[Int(seed % UInt64(Self.places.count))])
        if Bool.random(using: &generator) { exchanged.insert(pick(Self.places)) }
    }

    private mutating func pick<Element>(_ pool: [Element]) -> Element {
        pool[Int.random(in: 0..<pool.count, using: &generator)]
    }

    private mutating func value(of place: String, usual: String, nasty: (inout Self) -> String) -> String {
        exchanged.contains(place) ? nasty(&self) : usual
    }

    /// In double quotes, so that nothing in it means anything to YAML.
    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    private mutating func nastyText() -> String { quoted(pick(NastyText.all)) }

    private mutating func topic() -> String { quoted(pick(NastyText.all)) }

    private mutating func jsonPath() -> String {
        quoted(
            pick(
                ["$", "$.a", "$.a['b c'][0]", "$[1]", "$..a", "$.a[-1]", "$.", "$['", "$.a.b.c", "a"]
                    + NastyText.all.prefix(12)
            )
        )
    }

    private mutating func secret() -> String {
        Bool.random(using: &generator) ? nastyText() : "{ file: \(quoted(pick(files.secrets))) }"
    }

    private mutating func url(_ schemes: [String]) -> String {
        pick(schemes) + pick(NastyText.userInfos) + pick(NastyText.hosts) + pick(NastyText.ports)
            + pick(NastyText.paths)
    }

    /// One piece of a good URL exchanged.
    private mutating func nearlyGoodURL(_ schemes: [String], paths: [String] = NastyText.paths) -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: pick(schemes) + pick(NastyText.hosts)
        case 1: pick(schemes) + "feed.example" + pick(paths)
        case 2: pick(schemes) + pick(NastyText.userInfos) + "feed.example" + pick(NastyText.ports)
        default: url(schemes)
        }
    }

    private mutating func address() -> String {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: return "url: \(quoted(nearlyGoodURL(["ws://", "wss://", "WS://", "http://", ""])))"
        case 1:
            let socket = pick(["/run/a.sock", "//run/a", "a", "/%zz", "/%00"])
            return "url: \(quoted("ws+unix:" + socket + pick(["", ":"]) + pick(NastyText.paths)))"
        case 2: return "hostname: \(quoted(pick(NastyText.hosts)))"
        case 3: return "hostname: feed.example\n    path: \(quoted(pick(NastyText.paths)))"
        default: return "url: \(quoted(url(["ws://", "wss://"])))"
        }
    }

    private mutating func tls() -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return "{ ca_file: \(quoted(pick(files.authorities))) }"
        case 1: return "{ server_name: \(quoted(pick(NastyText.hosts))) }"
        case 2:
            let pins = [
                "x3sgSKVIGhKuPCRbzvKZCsNvdVmTzgMqzpqdHqKJ9Ks=", "sha256//x3sgSKVIGhKuPCRbzvKZCsNvdVmTzgMqzpqdHqKJ9Ks=",
            ]
            return "{ pin_sha256: [ \(quoted(pick(pins + NastyText.all.prefix(4)))) ] }"
        default:
            let identity = pick(files.identities)
            return "{ cert_file: \(quoted(identity.certificate)), key_file: \(quoted(identity.key)) }"
        }
    }

    private mutating func identity() -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: "bearer_token: \(secret())"
        case 1: "basic_auth: { username: \(secret()), password: \(secret()) }"
        case 2: "cookies: { \(quoted(pick(NastyText.headerNames))): \(secret()) }"
        default: "cookies: { a: \(secret()), b: \(secret()) }"
        }
    }

    private mutating func proxy() -> String {
        let schemes = ["http://", "https://", "socks5://", "socks5h://", "ftp://"]
        if Bool.random(using: &generator) { return quoted(nearlyGoodURL(schemes, paths: ["", "/", "/a"])) }
        let scheme = pick(["http://", "https://", "socks5://"])
        return "{ url: \(quoted(scheme + "proxy.example")), username: \(nastyText()), password: \(secret()) }"
    }

    private mutating func session() -> String {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: "[ { send: \(nastyText()), expect: \(nastyText()) } ]"
        case 1: "{ variables: { a: \(secret()) }, steps: [ { send: '{a}' } ] }"
        case 2: "{ preset: home-assistant, access_token: \(secret()), events: [ \(nastyText()) ] }"
        case 3: "[ { expect: { regex: \(nastyText()) }, capture: { a: \(jsonPath()) } }, { send: '{a}' } ]"
        default: "{ preset: graphql-transport-ws, subscriptions: [ { query: \(nastyText()) } ] }"
        }
    }

    private mutating func match() -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: nastyText()
        case 1: "{ regex: \(quoted(pick(NastyText.all + ["(?<=a+)b", "(a)\\2", "\\C", "\\x{110000}", "[z-a]"]))) }"
        case 2: "{ json: \(jsonPath()), equals: \(nastyText()) }"
        default: "{ all: [ { prefix: \(nastyText()) }, { not: { regex: \(nastyText()), case_sensitive: false } } ] }"
        }
    }

    private mutating func udp(_ hosts: [String]) -> String {
        quoted(pick(hosts + NastyText.hosts) + pick(NastyText.ports + [":5005", ":5006"]))
    }

    /// The whole, as YAML.
    mutating func yaml() -> String {
        let receivers = ["127.0.0.1", "[::1]", "0.0.0.0", "239.1.2.3", "[ff02::1]", "192.0.2.1", "localhost"]
        let senders = ["127.0.0.1", "[::1]", "0.0.0.0", "239.1.2.3", "255.255.255.255", "listener.example"]
        let interface = ["", "", ", multicast_interface: lo", ", multicast_interface: nowhere0"]
        return """
            instance: \(value(of: "instance", usual: "site") { $0.nastyText() })
            connections:
              cloud:
                \(value(of: "url", usual: "url: wss://feed.example/v1") { $0.address() })
                headers: { \(value(of: "headers", usual: "X-Site: '1'") {
                    $0.quoted($0.pick(NastyText.headerNames)) + ": " + $0.secret()
                }) }
                \(value(of: "identity", usual: "bearer_token: abc") { $0.identity() })
                subprotocols: [ \(value(of: "subprotocols", usual: "v1") { $0.nastyText() }) ]
                tls: \(value(of: "tls", usual: "{}") { $0.tls() })
                proxy: \(value(of: "proxy", usual: "none") { $0.proxy() })
                session: \(value(of: "session", usual: "[ { send: hello } ]") { $0.session() })
              login:
                url: wss://feed.example/v2
                oauth2: { client_id: me, client_secret: abc, \(value(of: "oauth2", usual: "token_url: 'https://a.b'") {
                    $0.pick([
                        "token_url: \($0.quoted($0.nearlyGoodURL(["http://", "https://", "wss://"])))",
                        "token_url: 'https://login.example', tls: \($0.tls())",
                        "token_url: 'https://login.example', scope: \($0.nastyText()), audience: \($0.nastyText())",
                    ])
                }) }
                proxy: none
            mqtt:
              local:
                url: \(value(of: "broker.url", usual: "mqtts://broker.example") {
                    $0.quoted($0.nearlyGoodURL(["mqtt://", "mqtts://", "tcp://"], paths: ["", "/", "/a", "?"]))
                })
                client_id: \(value(of: "client_id", usual: "me") { $0.nastyText() })
                \(value(of: "login", usual: "username: u") { "username: \($0.nastyText())\n    password: \($0.secret())" })
                tls: \(value(of: "broker.tls", usual: "{}") { $0.tls() })
                response_topics: [ \(value(of: "response_topics", usual: "r/#") { $0.nastyText() }) ]
            status: { mqtt: local, base_topic: \(value(of: "base_topic", usual: "w/site") { $0.topic() }) }
            routes:
              out:
                from: cloud
                match: \(value(of: "match", usual: "abc") { $0.match() })
                to:
                  - { mqtt: local, topic: \(value(of: "topic", usual: "'a/{$.b}'") { $0.nastyText() }),
                      content_type: \(value(of: "content_type", usual: "text/plain") { $0.nastyText() }) }
                  - { udp: \(value(of: "udp.sink", usual: "'127.0.0.1:5005'") { $0.udp(senders) + $0.pick(interface) }) }
                  - { fifo: \(value(of: "fifo", usual: "/tmp/out.fifo") { $0.nastyText() }) }
                queue: { when_full: conflate, conflate_by: \(value(of: "conflate_by", usual: "$.a") { $0.jsonPath() }) }
              in:
                from: { mqtt: local, topic: \(value(of: "filter", usual: "c/#") { $0.topic() }) }
                to: cloud
              sensors:
                from: { udp: \(value(of: "udp.source", usual: "'127.0.0.1:5006'") {
                    $0.udp(receivers) + $0.pick(interface)
                }) }
                to: cloud

            """
    }
}
