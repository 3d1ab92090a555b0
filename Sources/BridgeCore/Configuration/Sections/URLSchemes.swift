import WSClient

/// The schemes that the URL at some key may have, and what to say about others that people write there.
struct URLSchemes: Sendable {
    /// The one without TLS; with an `s` behind it TLS is used.
    let plain: String
    let advice: [String: String]

    static let webSocket = URLSchemes(
        plain: "ws",
        advice: [
            "http": "write ws:// instead of http://", "https": "write wss:// instead of https://",
            "mqtt": "a broker belongs in mqtt.NAME", "mqtts": "a broker belongs in mqtt.NAME",
        ]
    )
    static let mqtt = URLSchemes(
        plain: "mqtt",
        advice: [
            "tcp": "write mqtt:// instead of tcp://", "ssl": "write mqtts:// instead of ssl://",
            "tls": "write mqtts:// instead of tls://",
            "ws": "MQTT over WebSocket isn't supported: use the broker's mqtt:// port",
            "wss": "MQTT over WebSocket isn't supported: use the broker's mqtts:// port",
        ]
    )
    static let web = URLSchemes(
        plain: "http",
        advice: ["wss": "a token endpoint is asked by https://", "ws": "a token endpoint is asked by https://"]
    )

    var secure: String { plain + "s" }

    /// A URL's fault, and what to write instead; shows at most one character of it, for it may hold secrets.
    struct Problem: Error, Equatable {
        var message: String
    }

    /// Reads a URL with one of the schemes.
    func read(_ text: String) throws(Problem) -> ServerURL {
        let names = "it must begin with \(plain):// or \(secure)://"
        guard let separator = text.firstRange(of: "://") else { throw Problem(message: names) }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard [plain, secure].contains(scheme) else { throw Problem(message: advice[scheme] ?? names) }
        do throws(WebSocketURLError) {
            return try ServerURL(text)
        } catch {
            throw Problem(message: error.description)
        }
    }
}

extension ValueType<ServerURL> {
    /// A URL with one of the schemes; `check` says what else can't stand in it.
    static func url(
        _ schemes: URLSchemes,
        example: String,
        check: @escaping @Sendable (ServerURL) -> String?
    ) -> Self {
        let words = "a URL such as \(example)"
        let pattern = "^(\(schemes.plain)s?://|.*\\$\\{)"
        return ValueType(words, schema: ["type": "string", "pattern": .string(pattern)]) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            do throws(URLSchemes.Problem) {
                let url = try schemes.read(scalar.text)
                if let problem = check(url) { throw URLSchemes.Problem(message: problem) }
                return url
            } catch {
                let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
                field.error("\(field.name): \(error.message)\(source)", at: node.position)
                return nil
            }
        }
    }
}
