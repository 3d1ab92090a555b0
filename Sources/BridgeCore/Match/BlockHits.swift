/// Which of 32 bytes a comparison holds for, in an order to take them from the front.
///
/// The mask is taken as four words of a byte each: there is no portable way to a bit each, and the compiler makes two or
/// four moves of this.
struct BlockHits {
    private var words: SIMD4<UInt64>

    @inline(__always)
    init(_ mask: SIMDMask<SIMD32<Int8>>) {
        words = unsafeBitCast(mask, to: SIMD4<UInt64>.self)
    }

    @inline(__always)
    var any: Bool { words[0] | words[1] | words[2] | words[3] != 0 }

    /// The index of the first, which is removed.
    ///
    /// There must be one.
    @inline(__always)
    mutating func removeFirst() -> Int {
        for index in 0..<4 where words[index] != 0 {
            // On big-endian machines the first byte is the highest.
            let word = words[index].littleEndian
            let byte = word.trailingZeroBitCount / 8
            words[index] = (word & ~(0xFF << UInt64(byte * 8))).littleEndian
            return index * 8 + byte
        }
        return 32
    }
}
