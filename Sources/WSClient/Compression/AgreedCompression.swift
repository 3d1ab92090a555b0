/// Compression on one connection: how the client wants it, within what was agreed upon.
struct AgreedCompression: Equatable {
    let wanted: WebSocketCompression
    let agreement: CompressionAgreement

    /// Nil if one of the sides doesn't want it.
    init?(_ wanted: WebSocketCompression?, _ agreement: CompressionAgreement?) {
        guard let wanted, let agreement else { return nil }
        self.wanted = wanted
        self.agreement = agreement
    }

    /// The server agreed to all.
    init(offered wanted: WebSocketCompression) {
        self.wanted = wanted
        var agreement = CompressionAgreement()
        agreement.serverTakesOver = wanted.allowsIncomingContextTakeover
        agreement.clientTakesOver = wanted.allowsOutgoingContextTakeover
        agreement.serverWindowBits = wanted.incomingWindowBits
        agreement.clientWindowBits = wanted.outgoingWindowBits
        self.agreement = agreement
    }

    var inflater: MessageInflater {
        MessageInflater(
            windowBits: agreement.serverWindowBits,
            takesOver: agreement.serverTakesOver,
            maximumRatio: wanted.maximumRatio
        )
    }

    var deflater: MessageDeflater {
        MessageDeflater(
            windowBits: agreement.clientWindowBits,
            takesOver: agreement.clientTakesOver,
            level: wanted.level,
            minimumSize: wanted.minimumSize
        )
    }
}

@_spi(Codec) extension MessageDecoder {
    /// Decodes as a client whose server agreed to all of its offer; for measurements.
    public init(compression: WebSocketCompression) {
        self.init(inflater: AgreedCompression(offered: compression).inflater)
    }
}

@_spi(Codec) extension FrameEncoder {
    /// Encodes for an end whose offer was agreed to; for measurements.
    public init(endpoint: Endpoint = .client, compression: WebSocketCompression) {
        self.init(endpoint: endpoint, deflater: AgreedCompression(offered: compression).deflater)
    }
}
