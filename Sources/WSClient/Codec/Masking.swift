/// XOR with a frame's masking key (RFC 6455 5.3), a vector at a time.
///
/// A key is kept as its four octets lie on the wire, the first in the lowest byte. `phase` is how many bytes of the
/// frame's payload came before.
@_spi(Codec) public enum Masking {
    /// Masks or unmasks in place.
    public static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer, phase: Int = 0) {
        guard let base = bytes.baseAddress else { return }
        xor(UnsafeRawPointer(base), base, count: bytes.count, key: key, phase: phase)
    }

    /// Copies while masking.
    ///
    /// `target` must have room for all of `source`.
    @inline(__always)
    static func copy(
        _ source: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawPointer,
        key: UInt32,
        phase: Int = 0
    ) {
        guard let base = source.baseAddress else { return }
        xor(base, target, count: source.count, key: key, phase: phase)
    }

    @inline(__always)
    private static func xor(
        _ source: UnsafeRawPointer,
        _ target: UnsafeMutableRawPointer,
        count: Int,
        key: UInt32,
        phase: Int
    ) {
        let shift = UInt32(truncatingIfNeeded: phase & 3) &* 8
        let rotated = shift == 0 ? key : key &>> shift | key &<< (32 &- shift)
        let word = (UInt64(rotated) &<< 32 | UInt64(rotated)).littleEndian
        var position = 0
        if count >= 64 {
            let vector = SIMD8<UInt64>(repeating: word)
            while count - position >= 64 {
                let value = source.loadUnaligned(fromByteOffset: position, as: SIMD8<UInt64>.self)
                target.storeBytes(of: value ^ vector, toByteOffset: position, as: SIMD8<UInt64>.self)
                position &+= 64
            }
        }
        while count - position >= 8 {
            let value = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            target.storeBytes(of: value ^ word, toByteOffset: position, as: UInt64.self)
            position &+= 8
        }
        while position < count {
            let octet = UInt8(truncatingIfNeeded: rotated &>> UInt32(truncatingIfNeeded: (position & 3) &* 8))
            let value = source.load(fromByteOffset: position, as: UInt8.self)
            target.storeBytes(of: value ^ octet, toByteOffset: position, as: UInt8.self)
            position &+= 1
        }
    }
}
