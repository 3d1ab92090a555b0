internal import BridgeCore
internal import Glibc

/// `lines` and `nul`: a byte ends each record and is not part of it.
struct DelimitedFramer: Equatable {
    let delimiter: UInt8
    let maxRecordSize: Int
    /// How many bytes from the front are known to hold no delimiter.
    private var searched = 0
    /// Inside a record that is too large and counted, up to its delimiter.
    private var isSkipping = false

    var isInsideRecord: Bool { searched > 0 || isSkipping }

    init(delimiter: UInt8, maxRecordSize: Int) {
        self.delimiter = delimiter
        self.maxRecordSize = maxRecordSize
    }

    mutating func frame(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        into entries: inout ContiguousArray<MessageBatch.Entry>
    ) -> FIFOFramer.Progress {
        guard let base = bytes.baseAddress else { return FIFOFramer.Progress() }
        var tooLarge = 0
        var start = 0
        var next = searched
        while next < bytes.count, let hit = memchr(base + next, CInt(delimiter), bytes.count - next) {
            let end = UnsafeRawPointer(hit) - base
            if isSkipping {
                isSkipping = false
            } else if end - start > maxRecordSize {
                tooLarge += 1
            } else {
                entries.append(
                    MessageBatch.Entry(payloadOffset: offset + start, payloadLength: end - start, kind: .undeclared)
                )
            }
            start = end + 1
            next = start
        }
        if !isSkipping, bytes.count - start > maxRecordSize {
            isSkipping = true
            tooLarge += 1
        }
        if isSkipping {
            start = bytes.count
        }
        searched = bytes.count - start
        return FIFOFramer.Progress(consumed: start, tooLarge: tooLarge)
    }

    mutating func writerLeft() -> Bool {
        defer {
            searched = 0
            isSkipping = false
        }
        return searched > 0
    }
}
