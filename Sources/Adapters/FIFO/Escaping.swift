/// `on_newline: escape`: LF becomes `\n`, CR `\r`, and a backslash is doubled, so that one line is one message and the
/// message can be had back from it.
enum Escaping {
    /// The most bytes that so many become, with room for whole vectors.
    static func worstCase(_ count: Int) -> Int { 2 * count + vector }

    /// How many bytes are looked at and copied at once.
    private static let vector = MemoryLayout<SIMD16<UInt8>>.size

    /// Copies with escapes; returns how many bytes were written.
    ///
    /// `target` has room for the worst case.
    static func escape(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
        let count = source.count
        var read = 0
        var written = 0
        while read + vector <= count {
            let chunk = (from + read).loadUnaligned(as: SIMD16<UInt8>.self)
            if holdsSpecial(chunk) {
                for offset in read..<read + vector {
                    written += put(source[offset], at: to + written)
                }
            } else {
                (to + written).storeBytes(of: chunk, as: SIMD16<UInt8>.self)
                written += vector
            }
            read += vector
        }
        while read < count {
            written += put(source[read], at: to + written)
            read += 1
        }
        return written
    }

    @inline(__always)
    private static func holdsSpecial(_ chunk: SIMD16<UInt8>) -> Bool {
        let special =
            (chunk .== SIMD16(repeating: UInt8(ascii: "\n")))
            .| (chunk .== SIMD16(repeating: UInt8(ascii: "\r")))
            .| (chunk .== SIMD16(repeating: UInt8(ascii: "\\")))
        // `any` looks at each lane; two words are enough.
        let words = unsafeBitCast(special, to: SIMD2<UInt64>.self)
        return words[0] | words[1] != 0
    }

    @inline(__always)
    private static func put(_ byte: UInt8, at target: UnsafeMutableRawPointer) -> Int {
        let second: UInt8
        switch byte {
        case UInt8(ascii: "\n"): second = UInt8(ascii: "n")
        case UInt8(ascii: "\r"): second = UInt8(ascii: "r")
        case UInt8(ascii: "\\"): second = byte
        default:
            target.storeBytes(of: byte, as: UInt8.self)
            return 1
        }
        target.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
        target.storeBytes(of: second, toByteOffset: 1, as: UInt8.self)
        return 2
    }
}
