/// Fresh masking keys, one a frame (RFC 6455 5.3, 10.3).
struct MaskingKeys {
    private var generator: any RandomNumberGenerator
    private var spare: UInt32?

    /// Draws from the generator, two keys at a time.
    ///
    /// Other generators than the kernel's are for tests.
    init(_ generator: any RandomNumberGenerator) {
        self.generator = generator
    }

    /// A key that was never used before.
    @inline(__always)
    mutating func next() -> UInt32 {
        if let key = spare {
            spare = nil
            return key
        }
        return draw()
    }

    private mutating func draw() -> UInt32 {
        let bits = generator.next()
        spare = UInt32(truncatingIfNeeded: bits &>> 32)
        return UInt32(truncatingIfNeeded: bits)
    }
}
