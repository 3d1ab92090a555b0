import NIOCore

/// The opening handshake's request (RFC 6455, section 4.1).
struct HandshakeRequest: Equatable {
    let url: WebSocketURL
    let key: HandshakeKey
    let subprotocols: [String]
    /// The user's headers in order, and a `User-Agent` before them where the user has none.
    ///
    /// Checked.
    let headers: [(name: String, value: String)]
    let compression: CompressionOffer?

    /// - Throws: `WebSocketHeaderError` for a header or subprotocol that can't be sent.
    init(
        url: WebSocketURL,
        key: HandshakeKey,
        subprotocols: [String],
        headers: [(name: String, value: String)],
        compression: CompressionOffer? = nil,
        userAgent: String? = nil
    ) throws(WebSocketHeaderError) {
        var headers = headers
        if let userAgent, !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.insert((name: "User-Agent", value: userAgent), at: 0)
        }
        for header in headers {
            try WebSocketHeaderError.check(name: header.name, value: header.value)
        }
        for name in subprotocols {
            guard WebSocketHeaderError.isToken(name) else {
                throw .invalidValue(name: "Sec-WebSocket-Protocol")
            }
        }
        self.url = url
        self.key = key
        self.subprotocols = subprotocols
        self.headers = headers
        self.compression = compression
    }

    /// The request as it goes over the wire.
    var bytes: ByteBuffer {
        var text = ByteBuffer()
        text.writeString("GET \(url.path) HTTP/1.1\r\nHost: \(url.hostHeader)\r\n")
        text.writeString("Upgrade: websocket\r\nConnection: Upgrade\r\n")
        text.writeString("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key.text)\r\n")
        if !subprotocols.isEmpty {
            text.writeString("Sec-WebSocket-Protocol: \(subprotocols.joined(separator: ", "))\r\n")
        }
        if let compression {
            text.writeString("Sec-WebSocket-Extensions: \(compression.header)\r\n")
        }
        for header in headers {
            text.writeString("\(header.name): \(header.value)\r\n")
        }
        text.writeString("\r\n")
        return text
    }

    static func == (left: Self, right: Self) -> Bool {
        left.url == right.url && left.bytes == right.bytes
    }
}
