internal import BridgeCore

/// Tells the records in a FIFO's stream apart, by any of the framings.
///
/// Pure: bytes in, places of records out.
enum FIFOFramer: Equatable {
    case delimited(DelimitedFramer)
    case length(LengthFramer)

    init(_ framing: FIFOFraming, maxRecordSize: Int) {
        switch framing {
        case .lines: self = .delimited(DelimitedFramer(delimiter: UInt8(ascii: "\n"), maxRecordSize: maxRecordSize))
        case .nul: self = .delimited(DelimitedFramer(delimiter: 0, maxRecordSize: maxRecordSize))
        case .length: self = .length(LengthFramer(maxRecordSize: maxRecordSize))
        }
    }

    /// What a look at the bytes brought.
    struct Progress: Equatable {
        /// How many bytes from the front are dealt with.
        ///
        /// The others come again, with more behind them.
        var consumed = 0
        /// How many records were above `maxRecordSize`.
        var tooLarge = 0
    }

    /// Appends the places of the whole records in `bytes`, which lie at `offset` in the batch's buffer.
    mutating func frame(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        into entries: inout ContiguousArray<MessageBatch.Entry>
    ) -> Progress {
        switch self {
        case .delimited(var framer):
            defer { self = .delimited(framer) }
            return framer.frame(bytes, at: offset, into: &entries)
        case .length(var framer):
            defer { self = .length(framer) }
            return framer.frame(bytes, at: offset, into: &entries)
        }
    }

    /// Whether the bytes so far end within a record.
    var isInsideRecord: Bool {
        switch self {
        case .delimited(let framer): framer.isInsideRecord
        case .length(let framer): framer.isInsideRecord
        }
    }

    /// The number of bytes that the unfinished record at the end of `bytes` lacks for sure; 0 where none is begun.
    func bytesMissing(behind bytes: UnsafeRawBufferPointer) -> Int {
        guard isInsideRecord else { return 0 }
        return switch self {
        // Its delimiter may be the next byte.
        case .delimited: 1
        case .length(let framer): framer.bytesMissing(behind: bytes)
        }
    }

    /// The writer is gone.
    ///
    /// Returns whether it left a record unfinished; what follows begins a new one.
    mutating func writerLeft() -> Bool {
        switch self {
        case .delimited(var framer):
            defer { self = .delimited(framer) }
            return framer.writerLeft()
        case .length(var framer):
            defer { self = .length(framer) }
            return framer.writerLeft()
        }
    }
}
