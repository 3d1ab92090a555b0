/// What client and server agreed upon for permessage-deflate (RFC 7692, section 7.1).
public struct CompressionAgreement: Sendable, Hashable {
    /// Whether the server's messages may refer to the ones before.
    public var serverTakesOver = true
    /// Whether the client's messages may refer to the ones before.
    public var clientTakesOver = true
    /// The server's window as a power of two, 8 to 15.
    public var serverWindowBits = 15
    /// The client's window as a power of two, 8 to 15.
    public var clientWindowBits = 15

    /// What holds without any parameter.
    init() {}
}

extension CompressionAgreement: CustomStringConvertible {
    /// As it would stand in `Sec-WebSocket-Extensions`, defaults left out.
    public var description: String {
        var text = CompressionOffer.name
        if !serverTakesOver { text += "; server_no_context_takeover" }
        if !clientTakesOver { text += "; client_no_context_takeover" }
        if serverWindowBits < 15 { text += "; server_max_window_bits=\(serverWindowBits)" }
        if clientWindowBits < 15 { text += "; client_max_window_bits=\(clientWindowBits)" }
        return text
    }
}
