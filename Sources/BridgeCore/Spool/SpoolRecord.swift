import CZlib
import NIOCore

/// One message as it lies on disk, little-endian.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version of this layout |
/// | 1 | kind |
/// | 1 | flags |
/// | 1 | 0 |
/// | 2, 2 | length of the topic, of the properties |
/// | 4 | number of the boot in which it was received |
/// | 8, 8 | receipt in milliseconds: since that boot, since 1970 |
/// | … | topic, properties, payload |
/// | 4 | CRC-32 over the queue's key, the row's number and all of the above |
///
/// The properties are a message's `CarriedProperties`, so that later versions may add some; unknown ones are skipped.
enum SpoolRecord {
    static let version: UInt8 = 1
    static let headerBytes = 28
    static let checksumBytes = 4

    struct Receipt: Sendable, Hashable {
        var boot: UInt32
        var sinceBoot: Int64
        var sinceEpoch: Int64
    }

    /// Appends a message's record to `record`.
    static func encode(
        _ entry: MessageBatch.Entry,
        of bytes: UnsafeRawBufferPointer,
        receipt: Receipt,
        row: Int64,
        seed: UInt,
        into record: inout [UInt8]
    ) {
        let start = record.count
        record.append(version)
        record.append(entry.kind.rawValue)
        record.append(entry.flags.rawValue)
        record.append(0)
        append(entry.topicLength, to: &record)
        append(entry.propertiesLength, to: &record)
        append(receipt.boot, to: &record)
        append(receipt.sinceBoot, to: &record)
        append(receipt.sinceEpoch, to: &record)
        record.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[entry.topicAndProperties]))
        record.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[entry.payload]))
        let checksum = record.withUnsafeBytes { all in
            Self.checksum(UnsafeRawBufferPointer(rebasing: all[start...]), row: row, seed: seed)
        }
        append(checksum, to: &record)
    }

    struct Decoded {
        var kind: MessageKind
        var flags: MessageBatch.Flags
        var receipt: Receipt
        var topic: Range<Int>
        var properties: Range<Int>
        var payload: Range<Int>
    }

    /// `nil` where the record is not what was written.
    static func decode(_ record: UnsafeRawBufferPointer, row: Int64, seed: UInt) -> Decoded? {
        guard record.count >= headerBytes + checksumBytes else { return nil }
        let end = record.count - checksumBytes
        let stored: UInt32 = load(record, at: end)
        guard stored == checksum(UnsafeRawBufferPointer(rebasing: record[..<end]), row: row, seed: seed),
            record[0] == version, let kind = MessageKind(rawValue: record[1])
        else { return nil }
        let topicLength: UInt16 = load(record, at: 4)
        let propertiesLength: UInt16 = load(record, at: 6)
        let topicEnd = headerBytes + Int(topicLength)
        let payloadStart = topicEnd + Int(propertiesLength)
        guard payloadStart <= end else { return nil }
        return Decoded(
            kind: kind,
            flags: MessageBatch.Flags(rawValue: record[2]),
            receipt: Receipt(
                boot: load(record, at: 8),
                sinceBoot: load(record, at: 12),
                sinceEpoch: load(record, at: 20)
            ),
            topic: headerBytes..<topicEnd,
            properties: topicEnd..<payloadStart,
            payload: payloadStart..<end
        )
    }

    /// The checksum of a queue's key, from which its records' checksums go on.
    static func seed(of key: String) -> UInt {
        var key = key
        return key.withUTF8 { UInt(crc32(0, $0.baseAddress, UInt32($0.count))) }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer, row: Int64, seed: UInt) -> UInt32 {
        let number = withUnsafeBytes(of: row.littleEndian) { row in
            crc32(seed, row.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(row.count))
        }
        let pointer = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return UInt32(truncatingIfNeeded: crc32(number, pointer, UInt32(bytes.count)))
    }

    private static func append(_ value: some FixedWidthInteger, to record: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { record.append(contentsOf: $0) }
    }

    private static func load<Value: FixedWidthInteger>(_ record: UnsafeRawBufferPointer, at offset: Int) -> Value {
        Value(littleEndian: record.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
