import NIOCore

/// What is said with a proxy until it lets us through.
protocol ProxyNegotiation {
    /// Sent first.
    var greeting: ByteBuffer { get }
    /// Takes what it understands of the buffer.
    mutating func received(_ buffer: inout ByteBuffer) -> ProxyNegotiationStep
    /// The failure as far as it is known, if nothing more comes.
    var knownFailure: ConnectionFailure? { get }
}

extension ProxyNegotiation {
    var knownFailure: ConnectionFailure? { nil }
}

/// What follows from what a proxy said.
enum ProxyNegotiationStep: Equatable {
    case keepReading
    case send(ByteBuffer)
    /// What follows belongs to the server.
    case open
    case failed(ConnectionFailure)
}

extension WebSocketProxy {
    /// What to say to be connected to this server.
    func negotiation(for url: WebSocketURL, userAgent: String? = nil) -> any ProxyNegotiation {
        switch kind {
        case .http, .https: HTTPConnectNegotiation(proxy: self, url: url, userAgent: userAgent)
        case .socks5: SOCKS5Negotiation(proxy: self, url: url)
        }
    }
}
