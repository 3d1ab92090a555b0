#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's random numbers, fetched 256 bytes at a time.
///
/// `SystemRandomNumberGenerator` asks the kernel for each eight bytes, a system call for every other frame. The
/// source and its strength are the same.
@_spi(Codec) public struct KernelRandomNumberGenerator: RandomNumberGenerator {
    /// What `getentropy` gives at most in one call.
    private static let batch = 256

    private var bytes = ContiguousArray<UInt64>()

    /// Starts with nothing fetched.
    public init() {}

    /// The next eight random bytes.
    ///
    /// Each is given out once.
    public mutating func next() -> UInt64 {
        if let word = bytes.popLast() { return word }
        return refill()
    }

    private mutating func refill() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        bytes = ContiguousArray(unsafeUninitializedCapacity: Self.batch / 8) { words, count in
            count = getentropy(words.baseAddress, Self.batch) == 0 ? Self.batch / 8 : 0
        }
        return bytes.popLast() ?? system.next()
    }
}
