@_spi(Codec) extension MessageDecoder {
    /// How much a peer may send as one message.
    public struct Limits: Sendable, Equatable {
        /// The highest `maximumMessageSize`: 1 GiB.
        public static let highestMessageSize = 1 << 30

        /// The most bytes of one message, the sum of its fragments; 16 MiB unless told otherwise.
        public let maximumMessageSize: Int
        /// The most frames of one message; 131,072 unless told otherwise.
        public let maximumFragments: Int

        /// The most bytes of one message as it is compressed: what doesn't compress grows a little.
        var maximumCompressedSize: Int { maximumMessageSize + maximumMessageSize / 8 + 1024 }

        /// Sets limits; those out of range are clamped.
        public init(maximumMessageSize: Int = 16 << 20, maximumFragments: Int = 1 << 17) {
            self.maximumMessageSize = min(max(maximumMessageSize, 0), Self.highestMessageSize)
            self.maximumFragments = max(maximumFragments, 1)
        }
    }
}
