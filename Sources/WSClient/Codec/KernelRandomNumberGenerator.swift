#if os(Linux)
    import CLinux
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's random numbers, fetched up to 4 KiB at a time.
///
/// `SystemRandomNumberGenerator` asks the kernel for each eight bytes, a system call for every other frame. The
/// source and its strength are the same. Who draws little holds little: it begins with 256 bytes.
@_spi(Codec) public struct KernelRandomNumberGenerator: RandomNumberGenerator {
    /// In words of eight bytes.
    private static let firstBatch = 32
    private static let laterBatch = 512

    private var words = ContiguousArray<UInt64>()

    /// Starts with nothing fetched.
    public init() {}

    /// The next eight random bytes.
    ///
    /// Each is given out once.
    public mutating func next() -> UInt64 {
        if let word = words.popLast() { return word }
        return refill()
    }

    private mutating func refill() -> UInt64 {
        let batch = words.capacity < Self.firstBatch ? Self.firstBatch : Self.laterBatch
        words = ContiguousArray(unsafeUninitializedCapacity: batch) { room, count in
            count = Self.fetch(into: UnsafeMutableRawBufferPointer(room)) / 8
        }
        var system = SystemRandomNumberGenerator()
        return words.popLast() ?? system.next()
    }

    /// How many bytes there are, from the front.
    private static func fetch(into room: UnsafeMutableRawBufferPointer) -> Int {
        #if os(Linux)
            return max(0, getrandom(room.baseAddress, room.count, 0))
        #else
            let most = min(room.count, 256)
            return getentropy(room.baseAddress, most) == 0 ? most : 0
        #endif
    }
}
