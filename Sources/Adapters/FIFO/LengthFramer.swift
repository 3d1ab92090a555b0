internal import BridgeCore

/// `length`: four bytes, big-endian, say how long the record behind them is.
struct LengthFramer: Equatable {
    static let headerSize = 4

    let maxRecordSize: Int
    /// How much of a record that is too large, and counted, is still to come.
    private var toSkip = 0
    /// Whether the last look left bytes behind.
    private var hasRest = false

    var isInsideRecord: Bool { hasRest || toSkip > 0 }

    init(maxRecordSize: Int) {
        self.maxRecordSize = maxRecordSize
    }

    mutating func frame(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        into entries: inout ContiguousArray<MessageBatch.Entry>
    ) -> FIFOFramer.Progress {
        var progress = FIFOFramer.Progress()
        var start = 0
        while true {
            let skipped = min(toSkip, bytes.count - start)
            toSkip -= skipped
            start += skipped
            guard toSkip == 0, bytes.count - start >= Self.headerSize else { break }
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
            if length > maxRecordSize {
                progress.tooLarge += 1
                toSkip = length
                start += Self.headerSize
                continue
            }
            guard bytes.count - start - Self.headerSize >= length else { break }
            start += Self.headerSize
            entries.append(
                MessageBatch.Entry(payloadOffset: offset + start, payloadLength: length, kind: .undeclared)
            )
            start += length
        }
        hasRest = start < bytes.count
        progress.consumed = start
        return progress
    }

    /// The number of bytes that the record that begins with `bytes` lacks, or its header.
    func bytesMissing(behind bytes: UnsafeRawBufferPointer) -> Int {
        if toSkip > 0 { return toSkip }
        guard bytes.count >= Self.headerSize else { return Self.headerSize - bytes.count }
        return Self.headerSize + Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))) - bytes.count
    }

    mutating func writerLeft() -> Bool {
        defer {
            toSkip = 0
            hasRest = false
        }
        return hasRest
    }
}
