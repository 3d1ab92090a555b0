internal import BridgeCore
internal import Glibc

/// Messages framed one behind the other in memory that is used again and again, ready for one write.
///
/// Copying beats a list of iovecs: a record of a few hundred bytes costs less to copy than a pair of iovecs costs the
/// kernel, and escaping reads each byte anyway.
final class RecordEncoder {
    private enum Style {
        case spacedLines
        case escapedLines
        case dropping(delimiter: UInt8)
        case length
    }

    /// After so many bytes it is time to write: what was framed is still in the cache then.
    private static let enough = 64 << 10

    private let style: Style
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Where in `bytes` each message's record ends.
    ///
    /// One that ends where the one before it did has no record: it holds a byte that would end it.
    private(set) var ends = ContiguousArray<Int>()
    /// How many of the messages have no record.
    private(set) var refused = 0

    init(framing: FIFOFraming, onNewline: FIFOSinkConfiguration.OnNewline) {
        style =
            switch (framing, onNewline) {
            case (.lines, .space): .spacedLines
            case (.lines, .escape): .escapedLines
            case (.lines, .drop): .dropping(delimiter: UInt8(ascii: "\n"))
            case (.nul, _): .dropping(delimiter: 0)
            case (.length, _): .length
            }
    }

    deinit {
        memory.deallocate()
    }

    /// The framed records.
    ///
    /// Valid until the next call.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<(ends.last ?? 0)]) }

    /// Frames messages from the front until there are enough bytes for a write; at least one, if there is one.
    func encode(_ entries: UnsafeBufferPointer<MessageBatch.Entry>, of batch: UnsafeRawBufferPointer) {
        // In locals, since each access to an object's variable is checked.
        var ends = ContiguousArray<Int>()
        swap(&ends, &self.ends)
        ends.removeAll(keepingCapacity: true)
        let style = style
        var memory = memory
        var refused = 0
        var end = 0
        for entry in entries {
            let payload = UnsafeRawBufferPointer(rebasing: batch[entry.payload])
            let most = LineBreaks.worstCase(payload.count) + LengthFramer.headerSize
            if memory.count - end < most {
                memory = grow(keeping: end, for: most)
            }
            let target = UnsafeMutableRawBufferPointer(rebasing: memory[end...])
            let length = Self.encode(payload, as: style, into: target)
            if length == 0 {
                refused += 1
            }
            end += length
            ends.append(end)
            if end >= Self.enough { break }
        }
        self.refused = refused
        swap(&ends, &self.ends)
    }

    /// Gives back what a huge message needed.
    func shrink() {
        guard memory.count > 8 * Self.enough else { return }
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Makes room for `most` bytes behind the first `used`, which stay.
    private func grow(keeping used: Int, for most: Int) -> UnsafeMutableRawBufferPointer {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(4 * Self.enough, used + most), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<used]))
        memory.deallocate()
        memory = larger
        return larger
    }

    /// Returns the record's length, 0 for a message that can't be one.
    @inline(__always)
    private static func encode(
        _ payload: UnsafeRawBufferPointer,
        as style: Style,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        switch style {
        case .spacedLines:
            let length = LineBreaks.space(payload, into: target)
            target[length] = UInt8(ascii: "\n")
            return length + 1
        case .escapedLines:
            let length = LineBreaks.escape(payload, into: target)
            target[length] = UInt8(ascii: "\n")
            return length + 1
        case .dropping(let delimiter):
            if let base = payload.baseAddress, memchr(base, CInt(delimiter), payload.count) != nil { return 0 }
            target.copyMemory(from: payload)
            target[payload.count] = delimiter
            return payload.count + 1
        case .length:
            target.storeBytes(of: UInt32(truncatingIfNeeded: payload.count).bigEndian, as: UInt32.self)
            UnsafeMutableRawBufferPointer(rebasing: target[LengthFramer.headerSize...]).copyMemory(from: payload)
            return LengthFramer.headerSize + payload.count
        }
    }
}
