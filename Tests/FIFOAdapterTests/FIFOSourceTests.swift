import BridgeCore
import Foundation
import TestSupport
import Testing

@testable import BridgeCore
@testable import FIFOAdapter

struct FIFOSourceTests {
    private func configuration(in folder: URL, framing: FIFOFraming = .lines) -> FIFOSourceConfiguration {
        var configuration = FIFOSourceConfiguration(path: folder.appendingPathComponent("in.fifo").path)
        configuration.framing = framing
        return configuration
    }

    @Test(arguments: FIFOFraming.allCases)
    func eachRecordIsAMessage(framing: FIFOFraming) async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, framing: framing)
            let bytes: [UInt8] =
                switch framing {
                case .lines: Array("one\n\nthree\n".utf8)
                case .nul: Array("one\0\0three\0".utf8)
                case .length: [0, 0, 0, 3] + Array("one".utf8) + [0, 0, 0, 0, 0, 0, 0, 5] + Array("three".utf8)
                }
            try await withFIFOSource(configuration) { test in
                try await FIFOWriter.write(bytes, to: configuration.path)
                try await eventually("three records") { try await test.records.count == 3 }
                #expect(try await test.texts == ["one", "", "three"])
            }
        }
    }

    @Test
    func whatAWriterLeavesUnfinishedIsCountedAndNotMixedWithTheNext() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                try await FIFOWriter.write("whole\nunfini", to: configuration.path)
                try await eventually("the rejection") { try await test.rejections(.incomplete) == 1 }
                try await FIFOWriter.write("shed\n", to: configuration.path)
                try await eventually("the next writer's record") { try await test.records.count == 2 }
                #expect(try await test.texts == ["whole", "shed"])
            }
        }
    }

    @Test(arguments: FIFOFraming.allCases, [false, true])
    func aStoppedSourceReadsTheRecordThatHasBegunAndNothingBehindIt(framing: FIFOFraming, isPaused: Bool) async throws {
        func record(_ text: String) -> [UInt8] {
            switch framing {
            case .lines: Array("\(text)\n".utf8)
            case .nul: Array("\(text)\0".utf8)
            case .length: [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
            }
        }
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, framing: framing)
            let begun = record("begun")
            // Its header, or its text, is cut at each byte.
            for cut in 1..<begun.count {
                try await withFIFOSource(configuration) { test in
                    let writer = try PipeEnd(writing: configuration.path)
                    defer { writer.close() }
                    writer.write(record("whole") + begun[..<cut])
                    try await eventually("the whole one") { try await test.texts == ["whole"] }
                    if isPaused { try await test.run { $0.source.pause() } }
                    try await test.stop()
                    #expect(try await !test.isStopped, "its rest is waited for")
                    writer.write(begun[cut...] + record("next"))
                    try await eventually("the end") { try await test.isStopped }
                    #expect(try await test.texts == ["whole", "begun"])
                    // The pipe keeps the rest for whoever reads it next.
                    let heir = try PipeEnd(reading: configuration.path)
                    #expect(heir.read() == record("next"))
                    heir.close()
                }
            }
        }
    }

    @Test
    func aWriterThatLeavesItsLastRecordUnfinishedEndsTheStop() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                let writer = try PipeEnd(writing: configuration.path)
                writer.write("whole\nunfini")
                try await eventually("the whole one") { try await test.texts == ["whole"] }
                try await test.stop()
                #expect(try await !test.isStopped)
                writer.close()
                try await eventually("the end") { try await test.isStopped }
                #expect(try await test.rejections(.incomplete) == 1)
                #expect(try await test.texts == ["whole"])
            }
        }
    }

    @Test
    func aRecordMayComeInPieces() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                let writer = try PipeEnd(writing: configuration.path)
                writer.write("first\nsec")
                try await eventually("the first") { try await test.texts == ["first"] }
                writer.write("ond")
                writer.write("\n")
                try await eventually("the second") { try await test.texts == ["first", "second"] }
                writer.close()
                #expect(try await test.rejections(.incomplete) == 0)
            }
        }
    }

    @Test
    func aHundredWritersComeAndGoWithoutASpin() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                for number in 0..<100 {
                    let writer = try PipeEnd(writing: configuration.path)
                    writer.write("record \(number)\n")
                    writer.close()
                    // Half of them wait until their record has been read, the others come at once.
                    if number % 2 == 0 {
                        try await eventually("record \(number)") { try await test.records.count > number }
                    }
                }
                try await eventually("all records") { try await test.records.count == 100 }
                #expect(try await test.texts == (0..<100).map { "record \($0)" })

                // Nobody writes now: the loop must sleep. This is a measurement's window, not a wait.
                let before = try await test.run { _ in threadTime() }
                try await Task.sleep(for: .milliseconds(300))
                let spent = try await test.run { _ in threadTime() } - before
                #expect(spent < .milliseconds(30))
            }
        }
    }

    @Test
    func aWriterThatOpensAndWritesNothingDisturbsNobody() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                for _ in 0..<20 { try PipeEnd(writing: configuration.path).close() }
                try await FIFOWriter.write("here\n", to: configuration.path)
                try await eventually("the record") { try await test.texts == ["here"] }
                #expect(try await test.rejections(.incomplete) == 0)
            }
        }
    }

    @Test
    func aRecordAboveTheLimitIsRejectedAndTheNextOnePasses() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration, maxRecordSize: 100_000) { test in
                let large = [UInt8](repeating: 120, count: 3 << 20)
                try await FIFOWriter.write(Array("a\n".utf8) + large + Array("\nb\n".utf8), to: configuration.path)
                try await eventually("the small ones") { try await test.texts == ["a", "b"] }
                #expect(try await test.rejections(.tooLarge) == 1)
            }
        }
    }

    @Test
    func recordsOfEverySizeUpToSixteenMebibytesPass() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder, framing: .length)
            var random = SeededGenerator(seed: 5)
            let records = [0, 1, 4096, 65_536, 262_144, 262_145, 1 << 20, 16 << 20, 3].map { random.bytes($0) }
            let stream = records.flatMap { record in
                withUnsafeBytes(of: UInt32(record.count).bigEndian) { Array($0) } + record
            }
            try await withFIFOSource(configuration) { test in
                try await FIFOWriter.write(stream, to: configuration.path)
                try await eventually("all records") { try await test.run { $0.records.count } == records.count }
                #expect(try await test.records == records)
            }
        }
    }

    @Test
    func twentyThousandMixedRecordsArriveWholeAndInOrder() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            var random = SeededGenerator(seed: 6)
            let records = (0..<20_000).map { Array("\($0):".utf8) + random.text(Int(random.next() % 4096)) }
            try await withFIFOSource(configuration) { test in
                try await FIFOWriter.write(records.flatMap { $0 + [10] }, to: configuration.path)
                try await eventually("all records") { try await test.run { $0.records.count } == records.count }
                #expect(try await test.records == records)
            }
        }
    }

    @Test
    func whatComesWhilePausedWaitsInThePipe() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                try await test.run { $0.pausesAfterEachBatch = true }
                let writer = try PipeEnd(writing: configuration.path)
                defer { writer.close() }
                writer.write("one\n")
                try await eventually("the first") { try await test.texts == ["one"] }
                writer.write("two\n")
                // A turn of the loop later nothing has been read, since nothing waits for it.
                try await test.run { _ in }
                #expect(try await test.texts == ["one"])
                try await test.run { $0.source.resume() }
                try await eventually("the second") { try await test.texts == ["one", "two"] }
            }
        }
    }

    @Test("S11: a path that is no FIFO stops the start with an error, and stays as it is")
    func refusesToStartOnARegularFile() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try Data("precious".utf8).write(to: URL(fileURLWithPath: configuration.path))
            await #expect(throws: FIFOError.notAFIFO(path: configuration.path, found: "a regular file")) {
                try await withFIFOSource(configuration) { _ in }
            }
            #expect(try String(contentsOfFile: configuration.path, encoding: .utf8) == "precious")
        }
    }

    @Test
    func aReplacedFIFOIsFoundWhenTheWriterLeft() async throws {
        try await withTemporaryDirectory { folder in
            let configuration = configuration(in: folder)
            try await withFIFOSource(configuration) { test in
                let old = try PipeEnd(writing: configuration.path)
                unlink(configuration.path)
                old.write("through the old one\n")
                old.close()
                try await eventually("a new FIFO") { FileManager.default.fileExists(atPath: configuration.path) }
                try await FIFOWriter.write("through the new one\n", to: configuration.path)
                try await eventually("both") {
                    try await test.texts == ["through the old one", "through the new one"]
                }
            }
        }
    }
}

/// The CPU time that the calling thread has used.
private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
