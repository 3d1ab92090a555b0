/// SplitMix64: the same seed gives the same numbers on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Random text that is exactly `count` bytes of UTF-8, with characters of one to four bytes and no control characters.
    package mutating func text(_ count: Int) -> [UInt8] {
        let longer: [[UInt8]] = [Array("é".utf8), Array("€".utf8), Array("🚦".utf8)]
        var bytes = [UInt8]()
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let roll = next()
            let piece = longer[Int(roll % 3)]
            if roll & 0xf00 == 0, bytes.count + piece.count <= count {
                bytes.append(contentsOf: piece)
            } else {
                bytes.append(UInt8(0x20 + (roll >> 32) % 0x5f))
            }
        }
        return bytes
    }
}
