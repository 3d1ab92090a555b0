/// A URL of a WebSocket server or a broker, taken apart (RFC 3986).
///
/// No message shows any of it: it may hold secrets.
struct EndpointURL: Equatable {
    struct Problem: Error, Equatable {
        var message: String
    }

    /// What the user may write before `://`.
    struct Schemes: Sendable {
        /// Whether TLS is used, by scheme.
        var known: [String: Bool]
        /// What to say about others that are seen.
        var advice: [String: String]

        static let webSocket = Schemes(
            known: ["ws": false, "wss": true],
            advice: [
                "http": "write ws:// instead of http://", "https": "write wss:// instead of https://",
                "mqtt": "a broker belongs in mqtt.NAME", "mqtts": "a broker belongs in mqtt.NAME",
            ]
        )
        static let mqtt = Schemes(
            known: ["mqtt": false, "mqtts": true],
            advice: [
                "tcp": "write mqtt:// instead of tcp://", "ssl": "write mqtts:// instead of ssl://",
                "tls": "write mqtts:// instead of tls://",
                "ws": "MQTT over WebSocket isn't supported: use the broker's mqtt:// port",
                "wss": "MQTT over WebSocket isn't supported: use the broker's mqtts:// port",
            ]
        )

        var names: String { known.keys.sorted().map { "\($0)://" }.joined(separator: " or ") }
    }

    var isSecure: Bool
    var host: String
    /// `nil` = the scheme's default.
    var port: Int?
    /// With the query; empty if there is none.
    var path: String
    /// `user:password`, percent-decoded.
    var userInfo: String?

    static func parse(_ text: String, schemes: Schemes) -> Result<EndpointURL, Problem> {
        guard let separator = text.firstRange(of: "://") else {
            return .failure(Problem(message: "it must begin with \(schemes.names)"))
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard let isSecure = schemes.known[scheme] else {
            return .failure(Problem(message: schemes.advice[scheme] ?? "it must begin with \(schemes.names)"))
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return .failure(
                Problem(
                    message: "it holds a space, a control character or a letter beyond ASCII: write it as %20 and so on"
                )
            )
        }
        let rest = text[separator.upperBound...]
        if rest.contains("#") {
            return .failure(Problem(message: "what stands behind '#' is never sent: delete it"))
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        var path = String(rest.dropFirst(authority.count))
        if path.hasPrefix("?") { path = "/" + path }

        var hostAndPort = authority
        var userInfo: String?
        if let at = authority.lastIndex(of: "@") {
            hostAndPort = authority[authority.index(after: at)...]
            guard let decoded = percentDecoded(authority[..<at]), decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                return .failure(Problem(message: "user and password before '@' aren't percent-encoded rightly"))
            }
            userInfo = decoded
        }
        return SocketAddressText.split(hostAndPort).flatMap { host, port in
            .success(
                EndpointURL(
                    isSecure: isSecure,
                    host: host,
                    port: port == 0 ? nil : port,
                    path: path,
                    userInfo: userInfo
                )
            )
        }
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}
