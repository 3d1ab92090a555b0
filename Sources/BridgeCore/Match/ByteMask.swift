/// The outcome of a comparison of sixteen bytes, as a bit for each.
///
/// There is no portable instruction for that; through two words it costs little enough.
struct ByteMask {
    private let words: SIMD2<UInt64>

    @inline(__always)
    init(_ mask: SIMDMask<SIMD16<Int8>>) {
        words = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    }

    @inline(__always)
    var any: Bool { words[0] | words[1] != 0 }

    /// The lowest bit is the first byte's.
    @inline(__always)
    var bits: UInt32 { Self.bits(of: words[0]) | Self.bits(of: words[1]) << 8 }

    /// Each byte keeps another bit of its own; the product's highest byte is their sum.
    @inline(__always)
    private static func bits(of word: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: ((word.littleEndian & 0x8040_2010_0804_0201) &* 0x0101_0101_0101_0101) >> 56)
    }
}
