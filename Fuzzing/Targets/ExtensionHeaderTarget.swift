@testable import WSClient

extension FuzzTarget {
    /// Input: what the offer allows, its two windows; then the server's `Sec-WebSocket-Extensions`.
    static let extensionHeader = FuzzTarget(
        "extension-header",
        "what is read is the same once written again; an agreement keeps to the offer; a refusal is one line"
    ) { bytes in
        var input = FuzzInput(bytes)
        let flags = input.byte()
        var wanted = WebSocketCompression()
        wanted.allowsIncomingContextTakeover = flags & 1 == 0
        wanted.allowsOutgoingContextTakeover = flags & 2 == 0
        wanted.incomingWindowBits = 9 + Int(input.byte() % 7)
        wanted.outgoingWindowBits = 9 + Int(input.byte() % 7)
        let text = String(decoding: input.rest, as: UTF8.self)

        let elements: [ExtensionHeader.Element]
        do {
            elements = try ExtensionHeader.parse(text)
        } catch let error as ExtensionHeader.SyntaxError {
            return try require(0...text.utf8.count ~= error.offset, "a fault at \(error.offset), beyond the text")
        }
        let written = elements.map { ([$0.name] + $0.parameters.map(\.description)).joined(separator: "; ") }
            .joined(separator: ", ")
        try require(try ExtensionHeader.parse(written) == elements, "\(elements) is written as \(written)")

        let offer = CompressionOffer(wanted)
        do {
            guard let agreement = try offer.agreement(with: elements) else {
                return try require(elements.isEmpty, "nothing made of \(written)")
            }
            try require(
                agreement.serverTakesOver ? wanted.allowsIncomingContextTakeover : true,
                "the server may refer back: \(agreement)"
            )
            try require(
                agreement.clientTakesOver ? wanted.allowsOutgoingContextTakeover : true,
                "we may refer back: \(agreement)"
            )
            try require(
                8...wanted.incomingWindowBits ~= agreement.serverWindowBits,
                "the server's window: \(agreement)"
            )
            try require(8...wanted.outgoingWindowBits ~= agreement.clientWindowBits, "our window: \(agreement)")
            let again = try offer.agreement(with: ExtensionHeader.parse(agreement.description))
            try require(again == agreement, "\(agreement) means another time \(again.map(String.init) ?? "nothing")")
        } catch let refusal as ExtensionRefusal {
            try require(isOneLine(refusal.description), "a reason of several lines: \(refusal)")
        }
    }
}
