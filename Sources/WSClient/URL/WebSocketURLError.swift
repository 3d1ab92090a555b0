public import TLS

/// The fault of a URL that names a server, and what to write instead.
///
/// Its text holds no user name, password or query.
public enum WebSocketURLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is written where a URL is expected.
    case empty
    /// The URL doesn't begin with a scheme and `://`.
    case missingScheme
    /// The scheme is neither `ws` nor `wss`.
    case unsupportedScheme(String)
    /// The host is missing, or no name and no address.
    case host(HostNameError)
    /// Something stands between the brackets of an IPv6 address and the port.
    case notAHost
    /// An IPv6 address stands without its brackets.
    case unbracketedIPv6
    /// The text in brackets is no IPv6 address, or a bracket is missing.
    case invalidIPv6
    /// The port is no number up to 65535.
    case invalidPort
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
        case .host(let error):
            error.description
        case .notAHost:
            "behind the ']' of an IPv6 address only ':PORT' can stand"
        case .unbracketedIPv6:
            "an IPv6 address stands in brackets: write [::1] instead of ::1"
        case .invalidIPv6:
            "in the brackets is no IPv6 address, or the ']' is missing: write one as in [2001:db8::1]"
        case .invalidPort:
            "the port must be a number up to 65535"
        case .relativePath:
            "a path begins with '/': write /feed instead of feed"
        case .fragment:
            "what stands behind '#' is never sent: leave it out, or write %23 if a # is meant"
        case .invalidSocketPath:
            "the socket's path begins with a slash and has at most \(UnixSocketURL.longestPath) bytes: write "
                + "ws+unix:/run/feed.sock:/path"
        case .forbiddenCharacter(let scalar):
            "the character \(name(of: scalar)) can't stand in a URL: write \(percentEncoded(scalar)) instead"
        case .invalidPercentEncoding:
            "a % in a URL is followed by two hexadecimal digits, and what is encoded before '@' is UTF-8: write %25 "
                + "if a % is meant"
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
