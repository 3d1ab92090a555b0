/// The keys of `connections.NAME.compression`.
enum CompressionKeys {
    static let minSize = Key(
        "min_size",
        .size(0...(1 << 30)),
        default: .model(\CompressionConfiguration.minSize),
        "Shorter messages are sent uncompressed: they hardly shrink."
    )
    static let level = Key(
        "level",
        .integer(1...9),
        default: .model(\CompressionConfiguration.level),
        "From 1, the fastest, to 9, the smallest, for what is sent."
    )
    static let outgoingContextTakeover = Key(
        "outgoing_context_takeover",
        .boolean,
        default: .model(\CompressionConfiguration.outgoingContextTakeover),
        "Whether a message that is sent may refer to the ones before. Smaller, but sizes then tell of their content."
    )
    static let incomingContextTakeover = Key(
        "incoming_context_takeover",
        .boolean,
        default: .model(\CompressionConfiguration.incomingContextTakeover),
        "Whether the server's messages may refer to the ones before; if not, the server has to agree."
    )
    static let outgoingWindowBits = Key(
        "outgoing_window_bits",
        .integer(9...15),
        default: .model(\CompressionConfiguration.outgoingWindowBits),
        "The window for what is sent, as a power of two; costs eight times as much memory."
    )
    static let incomingWindowBits = Key(
        "incoming_window_bits",
        .integer(9...15),
        default: .model(\CompressionConfiguration.incomingWindowBits),
        "The window for what is received, as a power of two; below 15 the server has to agree."
    )
    static let maxRatio = Key(
        "max_ratio",
        .integer(10...1032),
        default: .model(\CompressionConfiguration.maxRatio),
        "A message above 1 MiB that inflates to more than so many times its size ends the connection (close 1009)."
    )

    static let place = Place(
        id: "compression",
        path: "connections.NAME.compression",
        meaning: "permessage-deflate (RFC 7692). `true` offers it with the defaults.",
        keys: [
            minSize.described, level.described, outgoingContextTakeover.described, incomingContextTakeover.described,
            outgoingWindowBits.described, incomingWindowBits.described, maxRatio.described,
        ]
    )
}

enum CompressionSection {
    static func read(_ reader: MappingReader) -> CompressionConfiguration? {
        var compression = CompressionConfiguration()
        reader.read(CompressionKeys.minSize, into: &compression.minSize)
        reader.read(CompressionKeys.level, into: &compression.level)
        reader.read(CompressionKeys.outgoingContextTakeover, into: &compression.outgoingContextTakeover)
        reader.read(CompressionKeys.incomingContextTakeover, into: &compression.incomingContextTakeover)
        reader.read(CompressionKeys.outgoingWindowBits, into: &compression.outgoingWindowBits)
        reader.read(CompressionKeys.incomingWindowBits, into: &compression.incomingWindowBits)
        reader.read(CompressionKeys.maxRatio, into: &compression.maxRatio)
        return compression
    }
}

extension ValueType<CompressionConfiguration?> {
    /// `false`, `true` for the defaults, or a mapping.
    static var compression: Self {
        let words = "true, false or a mapping such as { min_size: 256B }"
        let mapping = ValueType<CompressionConfiguration>.mapping(
            CompressionKeys.place,
            id: "compression",
            read: CompressionSection.read
        )
        let schema: JSONLiteral = ["anyOf": [["type": "boolean"], .reference("compression")]]
        return ValueType(words, schema: schema, write: { $0 == nil ? "false" : "true" }) { node, field in
            switch node.content {
            case .mapping:
                return mapping.read(node, field).map(Optional.some)
            case .scalar(let scalar) where scalar.bool != nil:
                return .some(scalar.bool == true ? CompressionConfiguration() : nil)
            case .scalar, .sequence:
                field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
                return nil
            case .unusable:
                return nil
            }
        }
    }
}
