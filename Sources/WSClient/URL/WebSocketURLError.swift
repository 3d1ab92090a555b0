/// What is wrong with a WebSocket URL, and what to write instead.
///
/// Its text holds no user name, password or query.
public enum WebSocketURLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is written where a URL is expected.
    case empty
    /// The URL doesn't begin with a scheme and `://`.
    case missingScheme
    /// The scheme is neither `ws` nor `wss`.
    case unsupportedScheme(String)
    /// No host stands between the scheme and the path.
    case missingHost
    /// What stands in place of a host is a whole URL, or holds a part that belongs elsewhere.
    case notAHost(String)
    /// An IPv6 address stands without its brackets.
    case unbracketedIPv6
    /// What stands in brackets is no IPv6 address.
    case invalidIPv6(String)
    /// The port is no number from 1 to 65535.
    case invalidPort(String)
    /// The path doesn't begin with `/`.
    case relativePath
    /// RFC 6455, section 3, allows no fragment.
    case fragment
    /// A `ws+unix:` URL's socket is no absolute path, or longer than a socket's path may be.
    case invalidSocketPath
    /// A character that can't stand in a URL as it is.
    case forbiddenCharacter(Unicode.Scalar)
    /// A `%` that two hexadecimal digits don't follow, or encoded bytes that aren't UTF-8.
    case invalidPercentEncoding

    /// A sentence that says what is wrong and what to write instead.
    public var description: String {
        switch self {
        case .empty:
            "the URL is empty: write ws://HOST/PATH or wss://HOST/PATH"
        case .missingScheme:
            "the URL has no scheme: write ws://HOST/PATH, or wss://HOST/PATH for TLS"
        case .unsupportedScheme("http"):
            "the scheme http is not a WebSocket's: write ws:// instead of http://"
        case .unsupportedScheme("https"):
            "the scheme https is not a WebSocket's: write wss:// instead of https://"
        case .unsupportedScheme(let scheme):
            "the scheme \"\(scheme)\" is not a WebSocket's: write ws:// or wss://"
        case .missingHost:
            "the URL has no host: write a name or an address after the scheme, as in wss://stream.example.com/feed"
        case .notAHost(let text):
            "\"\(text)\" is not a host: write only its name or address, without scheme, port, path or user name"
        case .unbracketedIPv6:
            "an IPv6 address stands in brackets: write [::1] instead of ::1"
        case .invalidIPv6(let text):
            "\"\(text)\" is not an IPv6 address: write one as in [2001:db8::1]"
        case .invalidPort(let text):
            "\"\(text)\" is not a port: write a number from 1 to 65535"
        case .relativePath:
            "the path begins with a slash: write /feed instead of feed"
        case .fragment:
            "a WebSocket URL has no fragment: leave out the part from # on, or write %23 if a # is meant"
        case .invalidSocketPath:
            "the socket's path begins with a slash and has at most \(UnixSocketURL.longestPath) bytes: write "
                + "ws+unix:/run/feed.sock:/path"
        case .forbiddenCharacter(let scalar):
            "the character \(name(of: scalar)) can't stand in a URL: write \(percentEncoded(scalar)) instead"
        case .invalidPercentEncoding:
            "a % in a URL is followed by two hexadecimal digits: write %25 if a % is meant"
        }
    }

    private func name(of scalar: Unicode.Scalar) -> String {
        if scalar == " " { return "space" }
        let number = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - number.count)) + number
    }

    private func percentEncoded(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf8.reduce(into: "") { text, byte in
            text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
}
