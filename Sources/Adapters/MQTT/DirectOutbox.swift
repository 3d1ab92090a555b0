import NIOCore

/// Packets that are written past the library's own queue, since that holds acknowledgements which must not leave.
///
/// The library knows of each PUBLISH all the same, and so of its acknowledgement.
struct DirectOutbox {
    private var bytes = ByteBuffer()
    /// The number of bytes written before those in the buffer.
    private var written = 0
    /// Messages at QoS 0, by their packet identifier, and where the last byte of each stands in the stream.
    private var unacknowledged = CircularBuffer<(identifier: Int32, end: Int)>()

    var isEmpty: Bool { bytes.readableBytes == 0 }

    mutating func append(_ packet: PublishPacket, identifier: Int32) {
        packet.write(to: &bytes)
        if packet.qos == 0 { unacknowledged.append((identifier, written + bytes.readableBytes)) }
    }

    /// Writes what waits; `send` returns how many bytes were taken, 0 or less where none were.
    ///
    /// - Returns: The identifiers of the messages at QoS 0 that are out.
    mutating func flush(_ send: (UnsafeRawBufferPointer) -> Int) -> [Int32] {
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes(send)
            guard count > 0 else { break }
            bytes.moveReaderIndex(forwardBy: count)
            written += count
        }
        if bytes.readableBytes == 0 { bytes.clear() }
        var out: [Int32] = []
        while let first = unacknowledged.first, first.end <= written {
            out.append(first.identifier)
            unacknowledged.removeFirst()
        }
        return out
    }
}
