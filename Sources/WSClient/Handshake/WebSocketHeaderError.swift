import TLS

/// Why a request header can't be sent.
///
/// Its text names the header, never the value.
public enum WebSocketHeaderError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name is no token (RFC 9110, section 5.6.2).
    case invalidName(String)
    /// The handshake sets this header itself.
    case reserved(String)
    /// The value holds CR, LF, NUL or another control character.
    case invalidValue(name: String)

    /// Throws if a header can't be sent as it is (requirement S6); for configuration that is checked before it is used.
    ///
    /// - Parameters:
    ///   - name: The header's name.
    ///   - value: The header's value.
    /// - Throws: `WebSocketHeaderError`.
    public static func check(name: String, value: String) throws(WebSocketHeaderError) {
        guard isToken(name) else { throw .invalidName(readable(name, limit: 80)) }
        guard !isReserved(name) else { throw .reserved(name) }
        guard HeaderText.problem(with: value) == nil else { throw .invalidValue(name: name) }
    }

    /// A sentence that says what is wrong.
    public var description: String {
        switch self {
        case .invalidName(let name):
            "\"\(name)\" can't be the name of a header: use letters, digits and hyphens"
        case .reserved(let name):
            "the header \(name) is the handshake's own and can't be set"
        case .invalidValue(let name):
            "the value of the header \(name) holds a line break or another control character"
        }
    }

    /// True for a token (RFC 9110, section 5.6.2), as names of headers and cookies and subprotocols are.
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isToken($0) }
    }

    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isReserved(_ name: String) -> Bool {
        let name = name.lowercased()
        let reserved = ["host", "upgrade", "connection", "content-length", "transfer-encoding", "te", "trailer"]
        return name.hasPrefix("sec-websocket-") || reserved.contains(name)
    }
}
