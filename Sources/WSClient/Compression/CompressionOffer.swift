import TLS

/// What the client offers of permessage-deflate, and what it makes of the server's answer (RFC 7692, sections 5 and 7.1).
struct CompressionOffer: Equatable {
    static let name = "permessage-deflate"

    let wanted: WebSocketCompression

    init(_ wanted: WebSocketCompression) {
        self.wanted = wanted
    }

    /// The value of `Sec-WebSocket-Extensions` in the request.
    var header: String {
        var text = Self.name
        if !wanted.allowsIncomingContextTakeover { text += "; server_no_context_takeover" }
        if !wanted.allowsOutgoingContextTakeover { text += "; client_no_context_takeover" }
        if wanted.incomingWindowBits < 15 { text += "; server_max_window_bits=\(wanted.incomingWindowBits)" }
        text += "; client_max_window_bits"
        if wanted.outgoingWindowBits < 15 { text += "=\(wanted.outgoingWindowBits)" }
        return text
    }

    /// What the server's choice means; `nil` if it chose nothing, so that messages travel uncompressed.
    func agreement(with chosen: [ExtensionHeader.Element]) throws(ExtensionRefusal) -> CompressionAgreement? {
        guard let first = chosen.first else { return nil }
        if let other = chosen.first(where: { $0.name != Self.name }) { throw .notOffered(other.name) }
        guard chosen.count == 1 else { throw .repeated(Self.name) }

        var agreement = CompressionAgreement()
        var seen: Set<String> = []
        for parameter in first.parameters {
            guard seen.insert(parameter.name).inserted else { throw .repeated(parameter.name) }
            switch parameter.name {
            case "server_no_context_takeover":
                agreement.serverTakesOver = try Self.flag(parameter)
            case "client_no_context_takeover":
                agreement.clientTakesOver = try Self.flag(parameter)
            case "server_max_window_bits":
                agreement.serverWindowBits = try Self.windowBits(parameter)
            case "client_max_window_bits":
                agreement.clientWindowBits = try Self.windowBits(parameter)
            default:
                throw .unknownParameter(parameter.name)
            }
        }
        // What the offer demands, the answer has to grant (7.1.1.1, 7.1.2.1).
        guard wanted.allowsIncomingContextTakeover || !agreement.serverTakesOver else {
            throw .notGranted("server_no_context_takeover")
        }
        guard agreement.serverWindowBits <= wanted.incomingWindowBits else {
            throw .notGranted("server_max_window_bits=\(wanted.incomingWindowBits)")
        }
        // The client may do less than the server allows (7.1.1.2, 7.1.2.2).
        agreement.clientTakesOver = agreement.clientTakesOver && wanted.allowsOutgoingContextTakeover
        agreement.clientWindowBits = min(agreement.clientWindowBits, wanted.outgoingWindowBits)
        return agreement
    }

    /// `…_no_context_takeover` stands alone: whether contexts are taken over, that is false.
    private static func flag(_ parameter: ExtensionHeader.Parameter) throws(ExtensionRefusal) -> Bool {
        guard parameter.value == nil else { throw .invalidValue(parameter) }
        return false
    }

    /// 8 to 15 without leading zeros; in an answer the value is never left out.
    private static func windowBits(_ parameter: ExtensionHeader.Parameter) throws(ExtensionRefusal) -> Int {
        guard let text = parameter.value, let bits = Int(text), 8...15 ~= bits, text == "\(bits)" else {
            throw .invalidValue(parameter)
        }
        return bits
    }
}

/// Why the server's choice of extensions ends the handshake.
enum ExtensionRefusal: Error, Equatable {
    case notOffered(String)
    case repeated(String)
    case unknownParameter(String)
    case invalidValue(ExtensionHeader.Parameter)
    /// The offer demanded it.
    case notGranted(String)
}

extension ExtensionRefusal: CustomStringConvertible {
    /// A sentence for the reason, what the server wrote made printable.
    var description: String {
        let label = "permessage-deflate"
        return switch self {
        case .notOffered(let name):
            "server uses the extension \"\(readable(name, limit: 60))\", which was not offered"
        case .repeated(let name):
            "server answered with \(readable(name, limit: 60)) more than once in Sec-WebSocket-Extensions"
        case .unknownParameter(let name):
            "server answered \(label) with the parameter \"\(readable(name, limit: 60))\", which does not exist"
        case .invalidValue(let parameter):
            "server answered \(label) with \"\(readable("\(parameter)", limit: 80))\", which is no valid value"
        case .notGranted(let parameter):
            "server answered \(label) without granting \(parameter), which the offer demands"
        }
    }
}
