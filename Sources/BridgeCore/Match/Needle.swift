/// A text to search payloads for.
///
/// Two of its bytes, the rarest by what is common in feeds, are sought together, 32 places at a time; only where both
/// fit is the whole compared. Payloads made to fit in many places are searched by Knuth, Morris and Pratt's algorithm
/// instead, so that the time grows with the payload's length alone.
struct Needle: Sendable {
    /// A byte of the needle, and where in it.
    ///
    /// For a letter sought in both cases `mask` sets the bit that tells them apart.
    private struct Probe: Sendable {
        var offset: Int
        var byte: UInt8
        var mask: UInt8
    }

    private typealias Block = SIMD16<UInt8>
    /// How many places are looked at together: two blocks.
    private static let stride = 32

    private let text: FixedText
    private let first: Probe
    private let second: Probe
    /// For each prefix: how long its longest proper prefix is that is also its suffix.
    private let borders: ContiguousArray<Int32>

    init(_ string: String, foldsCase: Bool) {
        text = FixedText(string, foldsCase: foldsCase)
        let bytes = text.bytes
        func probe(_ offset: Int) -> Probe {
            let isLetter = bytes[offset] &- UInt8(ascii: "a") < 26
            return Probe(offset: offset, byte: bytes[offset], mask: foldsCase && isLetter ? 0x20 : 0)
        }
        let byRarity = bytes.indices.sorted { ByteRarity.rank(bytes[$0]) > ByteRarity.rank(bytes[$1]) }
        let firstOffset = byRarity.first ?? 0
        // Another byte than the first if there is one: twice the same says little more.
        let secondOffset = byRarity.first { bytes[$0] != bytes[firstOffset] } ?? byRarity.last ?? 0
        first = bytes.isEmpty ? Probe(offset: 0, byte: 0, mask: 0) : probe(firstOffset)
        second = bytes.isEmpty ? first : probe(secondOffset)
        borders = Self.borders(of: bytes)
    }

    /// Whether the text occurs in the payload.
    func isFound(in payload: UnsafeRawBufferPointer) -> Bool {
        let length = text.count
        // How many places the text could begin at.
        let places = payload.count - length + 1
        guard length > 0, places > 0, let base = payload.baseAddress else { return length == 0 }
        var place = 0
        // What comparing may cost before the careful algorithm takes over.
        var patience = 8 * (payload.count + 128)
        if places >= Self.stride {
            while true {
                var hits = hits(at: base + place)
                while hits != 0 {
                    let candidate = place + hits.trailingZeroBitCount
                    hits &= hits - 1
                    if isText(at: base + candidate) { return true }
                    patience -= length
                    if patience < 0 { return isFound(in: payload, from: candidate + 1) }
                }
                if place == places - Self.stride { return false }
                // The last block overlaps the one before it.
                place = min(place + Self.stride, places - Self.stride)
            }
        }
        while place < places {
            if fits(first, base + place), fits(second, base + place), isText(at: base + place) { return true }
            place += 1
        }
        return false
    }

    /// At which of the next 32 places both probes fit: a bit for each, the lowest for the first.
    @inline(__always)
    private func hits(at pointer: UnsafeRawPointer) -> UInt32 {
        let low = blockHits(at: pointer)
        let high = blockHits(at: pointer + Block.scalarCount)
        guard low.any || high.any else { return 0 }
        return low.bits | high.bits << UInt32(Block.scalarCount)
    }

    @inline(__always)
    private func blockHits(at pointer: UnsafeRawPointer) -> ByteMask {
        let one = (pointer + first.offset).loadUnaligned(as: Block.self) | Block(repeating: first.mask)
        let two = (pointer + second.offset).loadUnaligned(as: Block.self) | Block(repeating: second.mask)
        return ByteMask((one .== Block(repeating: first.byte)) .& (two .== Block(repeating: second.byte)))
    }

    @inline(__always)
    private func fits(_ probe: Probe, _ pointer: UnsafeRawPointer) -> Bool {
        pointer.load(fromByteOffset: probe.offset, as: UInt8.self) | probe.mask == probe.byte
    }

    @inline(__always)
    private func isText(at pointer: UnsafeRawPointer) -> Bool {
        text.equals(UnsafeRawBufferPointer(start: pointer, count: text.count))
    }

    /// Knuth, Morris and Pratt's search, from a place on.
    private func isFound(in payload: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var search = GradualSearch(self)
        for index in start..<payload.count where search.isFound(afterReading: payload[index]) { return true }
        return false
    }

    /// A search that is handed one byte after the other.
    struct GradualSearch {
        private let needle: Needle
        private var matched = 0

        init(_ needle: Needle) {
            self.needle = needle
        }

        /// Whether nothing need be read, as the text is empty.
        var isFoundAtStart: Bool { needle.text.count == 0 }

        /// Whether the text ends with this byte.
        mutating func isFound(afterReading byte: UInt8) -> Bool {
            let bytes = needle.text.bytes
            let byte = needle.text.foldsCase ? ASCIICase.fold(byte) : byte
            if matched == bytes.count { return true }
            while matched > 0, bytes[matched] != byte { matched = Int(needle.borders[matched - 1]) }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private static func borders(of bytes: ContiguousArray<UInt8>) -> ContiguousArray<Int32> {
        var borders = ContiguousArray<Int32>(repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = Int(borders[length - 1]) }
            if bytes[index] == bytes[length] { length += 1 }
            borders[index] = Int32(truncatingIfNeeded: length)
        }
        return borders
    }
}
