import CZlib

/// zlib's inflate on raw deflate streams (RFC 1951).
///
/// Owns the C state: 7 KiB, and the window as soon as it is needed.
final class InflateHandle {
    enum Progress: Equatable {
        /// All input is taken, or all room is used.
        case going
        /// A final block ended; what follows begins a new stream.
        case streamEnded
        /// No deflate stream, or a distance beyond the window.
        case corrupt
    }

    /// Its address has to stay what it is: zlib keeps it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Nil if there is no memory for it.
    init?(windowBits: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = inflateInit2_(
            stream,
            -Int32(windowBits),
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard result == Z_OK else {
            // The deinitialiser runs all the same: `inflateEnd` knows a stream that never began.
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Takes from the front of `input`, puts at the front of `room`, and says how many bytes each were.
    func inflate(
        _ input: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) -> (consumed: Int, produced: Int, progress: Progress) {
        // zlib reads only; its C type doesn't say so.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(clamping: input.count)
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: room.count)
        let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
        let consumed = min(input.count, Int(UInt32.max)) - Int(stream.pointee.avail_in)
        let produced = min(room.count, Int(UInt32.max)) - Int(stream.pointee.avail_out)
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        switch result {
        case Z_OK, Z_BUF_ERROR: return (consumed, produced, .going)
        case Z_STREAM_END: return (consumed, produced, .streamEnded)
        default: return (consumed, produced, .corrupt)
        }
    }

    /// Whether the last byte taken ended a block and no bit of it is left over.
    ///
    /// `data_type` holds the unused bits in its lowest six, and 128 between blocks.
    var isBetweenBlocks: Bool { stream.pointee.data_type == 128 }

    /// A new stream that still may refer to what came before.
    func beginStream() {
        inflateResetKeep(stream)
    }

    /// Forgets all that came before.
    func forget() {
        inflateReset(stream)
    }
}
