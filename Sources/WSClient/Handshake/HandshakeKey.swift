import TLS

/// `Sec-WebSocket-Key`: 16 random bytes per attempt, and the answer that proves it was read (RFC 6455, section 4.1).
struct HandshakeKey: Equatable {
    /// As it stands in the request.
    let text: String

    init(using generator: inout some RandomNumberGenerator) {
        let words = [generator.next(), generator.next()]
        text = Base64.encode(words.flatMap { withUnsafeBytes(of: $0, Array.init) })
    }

    init(text: String) {
        self.text = text
    }

    /// What `Sec-WebSocket-Accept` must be.
    var accept: String {
        Base64.encode(Digest.sha1(Array((text + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }
}
