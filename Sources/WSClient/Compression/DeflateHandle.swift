import CZlib

/// zlib's deflate to raw deflate streams (RFC 1951).
///
/// Owns the C state: 6 KiB, four times the window, and as much again for the search.
final class DeflateHandle {
    /// Its address has to stay what it is: zlib keeps it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Nil if there is no memory for it.
    ///
    /// - Precondition: `windowBits` is 9 to 15.
    init?(windowBits: Int, level: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream,
            Int32(level),
            Z_DEFLATED,
            -Int32(windowBits),
            // The search's tables take 2^(level + 9) bytes: as many as the window's 2^(bits + 2).
            Int32(windowBits - 7),
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard result == Z_OK else { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Compresses all of `input` up to a byte's end, or returns nil when it doesn't fit into `room`.
    ///
    /// After nil the stream has to be forgotten.
    func deflate(_ input: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard input.count <= Int(UInt32.max), room.count <= Int(UInt32.max) else { return nil }
        // zlib reads only; its C type doesn't say so.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room.count)
        let result = CZlib.deflate(stream, Z_SYNC_FLUSH)
        let produced = room.count - Int(stream.pointee.avail_out)
        let isComplete = result == Z_OK && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        return isComplete ? produced : nil
    }

    /// Forgets all that came before.
    func forget() {
        deflateReset(stream)
    }
}
