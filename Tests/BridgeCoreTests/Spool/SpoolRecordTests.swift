import BridgeTestSupport
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// A message's record on disk.
struct SpoolRecordTests {
    private let receipt = SpoolRecord.Receipt(boot: 3, sinceBoot: 5, sinceEpoch: 7)
    private let seed = SpoolRecord.seed(of: "r -> s")

    private func encode(_ batch: MessageBatch) -> [UInt8] {
        var record: [UInt8] = []
        batch.withUnsafeBytes { bytes in
            SpoolRecord.encode(batch.entries[0], of: bytes, receipt: receipt, row: 9, seed: seed, into: &record)
        }
        return record
    }

    private func decode(_ record: [UInt8]) -> SpoolRecord.Decoded? {
        record.withUnsafeBytes { SpoolRecord.decode($0, row: 9, seed: seed) }
    }

    /// Byte for byte: files of the version that knew no properties are opened by all later ones.
    @Test func aRecordWithoutPropertiesIsAsItEverWas() throws {
        let record = encode(.of(["pay"], topic: "t/x"))
        let header: [UInt8] = [1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]
        #expect(record.dropLast(4) == header + Array("t/xpay".utf8))
        let decoded = try #require(decode(record))
        #expect(decoded.properties.isEmpty)
        #expect(String(decoding: record[decoded.topic], as: UTF8.self) == "t/x")
        #expect(String(decoding: record[decoded.payload], as: UTF8.self) == "pay")
        #expect(decoded.receipt == receipt)
    }

    @Test func propertiesLieBetweenTopicAndPayload() throws {
        let properties = CarriedProperties.encode(gateways: ["one"], response: ResponseAddress(topic: "r", qos: 1))
        let record = encode(.of(["pay"], topic: "t/x", properties: [properties]))
        let decoded = try #require(decode(record))
        #expect(Array(record[decoded.properties]) == properties)
        #expect(String(decoding: record[decoded.payload], as: UTF8.self) == "pay")
        #expect(String(decoding: record[decoded.topic], as: UTF8.self) == "t/x")
    }

    @Test func theChecksumCoversEveryByte() {
        let record = encode(.of(["pay"], topic: "t", properties: [[1, 1, 0, 7]]))
        for index in record.indices {
            var damaged = record
            damaged[index] ^= 0x10
            #expect(decode(damaged) == nil, "byte \(index)")
        }
        #expect(decode(Array(record.dropLast())) == nil && decode([]) == nil)
    }
}
