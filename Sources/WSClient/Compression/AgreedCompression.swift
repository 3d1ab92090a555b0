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
