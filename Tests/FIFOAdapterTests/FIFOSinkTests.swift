import BridgeCore
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore
@testable import FIFOAdapter

struct FIFOSinkTests {
    private func configuration(
        in folder: URL,
        noReader: FIFOSinkConfiguration.NoReader = .keep,
        framing: FIFOFraming = .lines
    ) -> FIFOSinkConfiguration {
        var configuration = FIFOSinkConfiguration(path: folder.appendingPathComponent("out.fifo").path)
        configuration.noReader = noReader
        configuration.framing = framing
        return configuration
    }

    @Test
    func eachMessageIsALine() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSink(configuration) { test in
                try await withFIFOReader(configuration.path) { reader in
                    try await test.send("one", "", "three\nwith a second line")
                    try await eventually("three lines") { reader.lines.count == 3 }
                    #expect(reader.lines == ["one", "", "three with a second line"])
                    #expect(try await test.balance.delivered == 3)
                }
            }
        }
    }

    @Test
    func aReaderThatComesLaterIsSeenAtOnceAndGetsWhatWasKept() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            // Told by inotify: the next look is far away.
            try await withFIFOSink(configuration, lookInterval: .hours(1)) { test in
                try await test.send("kept 1", "kept 2")
                let before = try await test.balance
                #expect(before.queued == 2)
                #expect(before.delivered == 0)
                try await withFIFOReader(configuration.path) { reader in
                    try await eventually("the kept lines") { reader.lines == ["kept 1", "kept 2"] }
                }
            }
        }
    }

    @Test
    func aReaderWhoseOpenWaitsForAWriterIsServed() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSink(configuration) { test in
                try await test.send("for cat")
                // A thread, not a process: between fork and exec a child has our descriptors, and looks like a reader.
                let line = NIOLockedValueBox<[UInt8]>([])
                let path = configuration.path
                let thread = Thread {
                    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
                    let bytes = [UInt8](unsafeUninitializedCapacity: 100) {
                        $1 = max(0, read(descriptor, $0.baseAddress, 100))
                    }
                    close(descriptor)
                    line.withLockedValue { $0 = bytes }
                }
                thread.start()
                try await eventually("the line") { line.withLockedValue { $0 == Array("for cat\n".utf8) } }
            }
        }
    }

    @Test
    func keepDropsTheOldestAsNoReaderWhenFull() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            let policy = QueuePolicy(whenFull: .block, whenAway: .dropOldest, maxBytes: 10 * 65)
            try await withFIFOSink(configuration, policy: policy) { test in
                for digit in 0..<25 { try await test.send([[UInt8(ascii: "a") + UInt8(digit)]]) }
                let balance = try await test.balance
                #expect(balance.queued == 10)
                #expect(balance.dropped == [.noReader: 15])
                try await withFIFOReader(configuration.path) { reader in
                    try await eventually("the newest") { reader.lines.count == 10 }
                    #expect(reader.lines.joined() == "pqrstuvwxy")
                }
            }
        }
    }

    @Test
    func discardDropsAsNoReaderUntilAReaderComes() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, noReader: .discard)
            try await withFIFOSink(configuration) { test in
                try await test.send("nobody", "hears")
                #expect(try await test.balance.dropped == [.noReader: 2])
                try await withFIFOReader(configuration.path) { reader in
                    try await eventually("a line that passes") {
                        try await test.send("heard")
                        return reader.lines.last == "heard"
                    }
                    #expect(!reader.lines.contains("hears"))
                }
            }
        }
    }

    @Test
    func blockKeepsEverythingAndSaysNothingOfAnAbsence() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, noReader: .block)
            let policy = QueuePolicy(QueueConfiguration(), for: .fifo(configuration))
            try await withFIFOSink(configuration, policy: policy) { test in
                for _ in 0..<100 { try await test.send([Array(repeating: 120, count: 1000)]) }
                let balance = try await test.balance
                #expect(balance.queued == 100)
                #expect(balance.droppedTotal == 0)
            }
        }
    }

    /// Four messages of which the queue holds two, with `when_full` as it stands in the file.
    private func balanceWithoutReader(
        _ noReader: FIFOSinkConfiguration.NoReader,
        _ whenFull: QueueConfiguration.WhenFull?
    ) async throws -> (balance: Balance, read: [String]) {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, noReader: noReader)
            var queue = QueueConfiguration(whenFull: whenFull ?? .block)
            queue.isWhenFullWritten = whenFull != nil
            queue.maxBytes = 2 * 65
            let policy = QueuePolicy(queue, for: .fifo(configuration))
            return try await withFIFOSink(configuration, policy: policy) { test in
                for message in ["1", "2", "3", "4"] { try await test.send(message) }
                let balance = try await test.balance
                return try await withFIFOReader(configuration.path) { reader in
                    try await eventually("what was kept") { reader.lines.count == balance.queued }
                    return (balance, reader.lines)
                }
            }
        }
    }

    @Test("keep: a when_full that stands in the file decides, else the oldest go as no_reader")
    func whenFullDecidesWithoutAReader() async throws {
        let unwritten = try await balanceWithoutReader(.keep, nil)
        #expect(unwritten.balance.dropped == [.noReader: 2] && unwritten.read == ["3", "4"])
        let oldest = try await balanceWithoutReader(.keep, .dropOldest)
        #expect(oldest.balance.dropped == [.queueFull: 2] && oldest.read == ["3", "4"])
        let newest = try await balanceWithoutReader(.keep, .dropNewest)
        #expect(newest.balance.dropped == [.queueFull: 2] && newest.read == ["1", "2"])
        let block = try await balanceWithoutReader(.keep, .block)
        #expect(block.balance.dropped == [:] && block.read == ["1", "2", "3", "4"])
    }

    @Test("block: pauses while nobody reads, unless a when_full stands in the file")
    func blockDecidesWithoutAReader() async throws {
        let unwritten = try await balanceWithoutReader(.block, nil)
        #expect(unwritten.balance.dropped == [:] && unwritten.read == ["1", "2", "3", "4"])
        let newest = try await balanceWithoutReader(.block, .dropNewest)
        #expect(newest.balance.dropped == [.queueFull: 2] && newest.read == ["1", "2"])
    }

    @Test
    func whatWouldTearARecordIsDroppedAsNewline() async throws {
        try await withTemporaryDirectory { folder in
            var configuration = configuration(in: folder)
            configuration.onNewline = .drop
            try await withFIFOSink(configuration) { [configuration] test in
                try await withFIFOReader(configuration.path) { reader in
                    try await test.send("first", "in\nner", "third", "\n")
                    try await eventually("two lines") { reader.lines == ["first", "third"] }
                    let balance = try await test.balance
                    #expect(balance.delivered == 2)
                    #expect(balance.dropped == [.newline: 2])
                }
            }
        }
    }

    @Test
    func sixteenMebibytesPassAsOneRecord() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, framing: .length)
            var random = SeededGenerator(seed: 16)
            let large = random.bytes(16 << 20)
            try await withFIFOSink(configuration, policy: QueuePolicy(whenFull: .block, maxBytes: 1 << 30)) { test in
                try await withFIFOReader(configuration.path) { reader in
                    try await test.send([[1], large, [], [2]])
                    let size = large.count + 2 + 4 * 4
                    try await eventually("\(size) bytes, not \(reader.byteCount)") {
                        reader.byteCount == size
                    }
                    #expect(reader.lengthPrefixedRecords() == [[1], large, [], [2]])
                    try await eventually("the record's settlement") { try await test.balance.delivered == 4 }
                }
            }
        }
    }

    @Test
    func aFullPipeKeepsTheRestInTheQueueUntilThereIsRoom() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSink(configuration) { test in
                let reader = try PipeEnd(reading: configuration.path)
                defer { reader.close() }
                let payloads = (0..<3000).map { Array("\($0) ".utf8) + [UInt8](repeating: 120, count: 1000) }
                try await eventually("the reader to be seen") {
                    try await test.run { $0.sink.hasReader }
                }
                try await test.send(payloads)
                let balance = try await test.balance
                #expect(balance.queued > 0)
                var bytes: [UInt8] = []
                try await eventually("all of it") {
                    bytes += reader.read()
                    return bytes.count >= payloads.reduce(0) { $0 + $1.count + 1 }
                }
                #expect(bytes.split(separator: 10).map(Array.init) == payloads)
                try await eventually("the last settlement") { try await test.balance.delivered == 3000 }
            }
        }
    }

    @Test
    func aReaderThatLeavesMidRecordCostsThatRecordAndTheNextBeginsWithAWholeOne() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, noReader: .block)
            try await withFIFOSink(configuration) { test in
                let reader = try PipeEnd(reading: configuration.path)
                try await test.send([Array(repeating: 65, count: 4 << 20), Array("next".utf8)])
                try await eventually("a part of the record") { !reader.read(upTo: 1000).isEmpty }
                #expect(try await test.balance.queued == 2)
                reader.close()
                try await eventually("the loss to be counted") {
                    try await test.balance.dropped == [.noReader: 1]
                }
                try await withFIFOReader(configuration.path) { second in
                    try await eventually("the next record") { second.byteCount > 0 }
                    try await test.send("after")
                    try await eventually("both") { second.lines == ["next", "after"] }
                }
                let balance = try await test.balance
                #expect(balance.delivered == 2)
                #expect(balance.isBalanced)
            }
        }
    }

    @Test
    func stoppingMidRecordCountsItAsShutdown() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSink(configuration) { test in
                let reader = try PipeEnd(reading: configuration.path)
                defer { reader.close() }
                try await test.send([Array(repeating: 65, count: 4 << 20)])
                try await eventually("a part of the record") { !reader.read(upTo: 1000).isEmpty }
                try await test.run { test in test.sink.stop {} }
                #expect(try await test.balance.dropped == [.shutdown: 1])
            }
        }
    }

    @Test("S11: a regular file at the path is not written to, also when it takes the FIFO's place while running")
    func neverWritesIntoWhatIsNoFIFO() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            let file = URL(fileURLWithPath: configuration.path)
            let explanation = FIFOError.notAFIFO(path: configuration.path, found: "a regular file").description
            try Data("precious".utf8).write(to: file)
            try await withFIFOSink(configuration) { test in
                try await test.send("must not get there")
                #expect(try await test.balance.dropped == [.refused: 1])
                #expect(try await test.run { $0.queue.failure } == explanation)
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == "precious")

            unlink(configuration.path)
            try await withFIFOSink(configuration) { test in
                let reader = try PipeEnd(reading: configuration.path)
                try await eventually("the reader to be seen") { try await test.run { $0.sink.hasReader } }
                try Data("precious".utf8).write(to: file, options: .atomic)
                reader.close()
                try await eventually("the file to be noticed") {
                    try await test.run { $0.queue.failure } == explanation
                }
                try await test.send("must not get there")
                #expect(try await test.balance.dropped == [.refused: 1])
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == "precious")
        }
    }

    @Test
    func theRouteGoesOnWhenWhatWasInTheWayIsGone() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try Data("in the way".utf8).write(to: URL(fileURLWithPath: configuration.path))
            try await withFIFOSink(configuration) { test in
                try await test.send("refused")
                unlink(configuration.path)
                try await eventually("the FIFO") { try await test.run { $0.queue.failure == nil } }
                try await test.send("kept")
                try await withFIFOReader(configuration.path) { reader in
                    try await eventually("the line") { reader.lines == ["kept"] }
                }
            }
        }
    }

    @Test
    func aFIFOThatIsReplacedOrRemovedIsOpenedAfresh() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSink(configuration) { test in
                let reader = try PipeEnd(reading: configuration.path)
                unlink(configuration.path)
                reader.close()
                try await test.send("for the new one")
                try await eventually("a new FIFO") { FileManager.default.fileExists(atPath: configuration.path) }
                try await withFIFOReader(configuration.path) { reader in
                    try await eventually("the line") { reader.lines.last == "for the new one" }
                }
            }
        }
    }
}
