import BridgeCore
import Foundation
import TestSupport
import Testing

@testable import BridgeCore
@testable import FIFOAdapter

struct FIFOSinkBurstTests {
    /// 20,000 numbered messages of 1 byte to 4 KiB and more, in batches of mixed size.
    private func messages(_ random: inout SeededGenerator) -> [[UInt8]] {
        (0..<20_000).map { number in
            let size = number % 500 == 0 ? Int(random.next() % 200_000) : Int(random.next() % 4096)
            return Array("\(number):".utf8) + random.text(size).map { $0 == 92 ? 47 : $0 }
        }
    }

    private func send(_ messages: [[UInt8]], to test: OnLoop<SinkUnderTest>) async throws {
        var random = SeededGenerator(seed: 2)
        var from = 0
        while from < messages.count {
            let to = min(messages.count, from + 1 + Int(random.next() % 300))
            try await test.send(Array(messages[from..<to]))
            from = to
        }
    }

    @Test
    func twentyThousandMixedMessagesArriveWholeAndInOrder() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = FIFOSinkConfiguration(path: folder.appendingPathComponent("out.fifo").path)
            var random = SeededGenerator(seed: 1)
            let messages = messages(&random)
            try await withFIFOSink(configuration, policy: QueuePolicy(whenFull: .block, maxBytes: 1 << 30)) { test in
                try await withFIFOReader(configuration.path) { reader in
                    try await send(messages, to: test)
                    let size = messages.reduce(0) { $0 + $1.count + 1 }
                    try await eventually("all bytes") { reader.byteCount == size }
                    #expect(reader.records() == messages)
                    try await eventually("the last settlement") {
                        try await test.balance.delivered == messages.count
                    }
                }
            }
        }
    }

    @Test
    func noRecordIsTornOrMixedWhenASlowReaderVanishesAndAnotherComes() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = FIFOSinkConfiguration(path: folder.appendingPathComponent("out.fifo").path)
            var random = SeededGenerator(seed: 3)
            let messages = messages(&random)
            let places = Dictionary(uniqueKeysWithValues: messages.enumerated().map { ($1, $0) })
            try await withFIFOSink(configuration, policy: QueuePolicy(whenFull: .block, maxBytes: 1 << 30)) { test in
                try await send(messages, to: test)
                var lastPlace = -1
                var torn = 0
                // Nine readers that leave somewhere, most of them in the middle of a record, and one that stays.
                for turn in 0..<10 {
                    let reader = try PipeEnd(reading: configuration.path)
                    let wanted = turn < 9 ? Int(random.next() % 3_000_000) : Int.max
                    var bytes: [UInt8] = []
                    try await eventually("turn \(turn)'s bytes") {
                        bytes += reader.read(upTo: 1 + Int(random.next() % 300_000))
                        let balance = try await test.balance
                        return bytes.count >= wanted || balance.queued == 0 && reader.read(upTo: 0).isEmpty
                    }
                    if turn == 9 { bytes += reader.read(upTo: 4 << 20) }
                    reader.close()
                    var records = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
                    if records.removeLast().count > 0 { torn += 1 }
                    for record in records {
                        let place = try #require(places[record], "a torn or mixed record in turn \(turn)")
                        #expect(place > lastPlace)
                        lastPlace = place
                    }
                    try await eventually("the absence to be seen") {
                        try await test.run { !$0.sink.hasReader }
                    }
                }
                #expect(torn > 0, "some reader must have left in the middle of a record")
                let balance = try await test.balance
                #expect(balance.queued == 0)
                #expect(balance.droppedTotal <= 9, "at most the record that was under way, per reader")
                #expect(balance.isBalanced)
            }
        }
    }
}
