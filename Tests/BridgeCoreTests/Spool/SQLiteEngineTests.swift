import BridgeTestSupport
import CSQLite
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// The spool's file on the real SQLite.
struct SQLiteEngineTests {
    @Test func whatWasWrittenComesBackWhole() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let place = try engine.queue("trades -> mqtt:local")
            let asked = ResponseAddress(topic: "replies/me", correlation: [0, 255], qos: 1)
            var batch = MessageBatch.of(
                ["a", "", "c"],
                topic: "x/y",
                properties: [[], CarriedProperties.encode(gateways: ["one"], response: asked), [77, 0, 0]]
            )
            batch.entries[1].flags = .isRequest
            batch.entries[1].kind = .binary
            batch.entries[2].flags = .redelivered
            try engine.write([append(batch, to: place.number, first: place.next)], removing: [])
            engine.close()

            let again = SQLiteEngine(directory: folder, sync: .full, maxBytes: 1 << 30)
            let contents = try again.open()
            #expect(contents.queues.map(\.key) == ["trades -> mqtt:local"])
            #expect(contents.queues.first?.count == 3 && contents.queues.first?.bytes == batch.cost)
            let page = try again.read(SpoolRead(queue: place.number, after: 0, messages: 10, bytes: 1 << 20))
            #expect(page.batch.texts == ["a", "", "c"])
            #expect(page.batch.topics == ["x/y", "x/y", "x/y"])
            #expect(page.batch.entries.map(\.kind) == [.text, .binary, .text])
            #expect(page.batch.entries.map(\.flags) == [[], .isRequest, .redelivered])
            #expect(page.batch.properties == batch.properties && page.batch.response(at: 1) == asked)
            #expect(page.runs == [SpoolPage.Run(first: 1, count: 3)] && page.isEnd && page.last == 3)
        }
    }

    /// A batch's times are 32 bits of milliseconds, 49 days.
    @Test func whatWasReceivedMonthsApartKeepsItsAge() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let place = try engine.queue("q")
            let day: Int64 = 86_400_000
            for (index, age) in [90 * day, 80 * day, 0].enumerated() {
                var batch = MessageBatch.of("\(index)")
                batch.priorAge = age
                try engine.write([append(batch, to: place.number, first: Int64(index + 1))], removing: [])
            }
            let old = try engine.read(SpoolRead(queue: place.number, after: 0, messages: 9, bytes: 1 << 20))
            #expect(old.batch.texts == ["0", "1"] && !old.isEnd && old.last == 2)
            let new = try engine.read(SpoolRead(queue: place.number, after: 2, messages: 9, bytes: 1 << 20))
            #expect(new.batch.texts == ["2"] && new.isEnd && new.last == 3)
            let days = [old.batch.age(at: 0, now: .now()), old.batch.age(at: 1, now: .now()), new.batch.priorAge].map {
                $0 / day
            }
            #expect(days == [90, 80, 0])
        }
    }

    @Test func pagesAreBoundedAndRemovalsLeaveTheRest() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let place = try engine.queue("q")
            try engine.write([append(.of((0..<10).map(String.init)), to: place.number, first: 1)], removing: [])
            let first = try engine.read(SpoolRead(queue: place.number, after: 0, messages: 4, bytes: 1 << 20))
            #expect(first.batch.texts == ["0", "1", "2", "3"] && !first.isEnd)
            try engine.write([], removing: [SpoolDelete(queue: place.number, first: 2, last: 5, bytes: 4 * 65)])
            let rest = try engine.read(SpoolRead(queue: place.number, after: 0, messages: 40, bytes: 1 << 20))
            #expect(rest.batch.texts == ["0", "5", "6", "7", "8", "9"])
            #expect(rest.runs.map(\.first) == [1, 6])
            let begun = try engine.read(
                SpoolRead(queue: place.number, after: 1, through: 7, messages: 40, bytes: 1 << 20)
            )
            #expect(begun.batch.texts == ["5", "6"] && begun.isEnd, "what lies behind is not asked for")
            engine.close()
            #expect(try opened(folder).queue("q").count == 6)
        }
    }

    @Test func aNumberIsNeverGivenOutTwice() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let place = try engine.queue("q")
            try engine.write([append(.of("a", "b"), to: place.number, first: place.next)], removing: [])
            try engine.write([], removing: [SpoolDelete(queue: place.number, first: 1, last: 2, bytes: 130)])
            engine.close()
            #expect(try opened(folder).queue("q").next == 3)
        }
    }

    @Test func onlyItsOwnerMayReadIt() throws {
        try withFolder { folder in
            let place = folder + "/made"
            let directory = try SpoolDirectory(place)
            let engine = try opened(directory.path)
            let number = try engine.queue("q").number
            try engine.write([append(.of("a"), to: number, first: 1)], removing: [])
            #expect(try mode(place) == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: place) {
                #expect(try mode(place + "/" + name) == 0o600, "\(name)")
            }
        }
    }

    // MARK: What it refuses

    @Test func aSecondInstanceIsRefused() throws {
        try withFolder { folder in
            let first = try SpoolDirectory(folder)
            #expect(throws: SpoolError.locked(path: folder)) { try SpoolDirectory(folder) }
            _ = first
        }
    }

    @Test func whoWasJustKilledIsWaitedFor() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var first: SpoolDirectory? = try SpoolDirectory(folder)
        let begin = ContinuousClock.now
        #expect(throws: SpoolError.locked(path: folder)) { try SpoolDirectory(folder, patience: .milliseconds(50)) }
        #expect(begin.duration(to: .now) >= .milliseconds(50))
        #expect(first?.path == folder)
        first = nil
        _ = try SpoolDirectory(folder)
    }

    @Test func aFolderThatCannotBeUsedIsNamed() throws {
        try withFolder { folder in
            try "x".write(toFile: folder + "/file", atomically: true, encoding: .utf8)
            for path in ["\(folder)/file", "\(folder)/no/where", "/proc/1/nothing"] {
                #expect { try SpoolDirectory(path) } throws: {
                    "\($0)".hasPrefix("the state_dir \(path) can't be used: ")
                }
            }
        }
    }

    @Test func aForeignFileIsLeftUntouched() throws {
        try withFolder { folder in
            let path = folder + "/" + SQLiteEngine.fileName
            try run("CREATE TABLE recipes (name TEXT)", on: path)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(throws: SpoolError.foreign(path: path)) { try opened(folder) }
            #expect(SpoolFileHead.problem(in: folder) == SpoolError.foreign(path: path).description)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func aLaterVersionsFileIsLeftUntouched() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let path = folder + "/" + SQLiteEngine.fileName
            #expect(SpoolFileHead.problem(in: folder) == nil)
            engine.close()
            #expect(SpoolFileHead.problem(in: folder) == nil)
            try run("PRAGMA user_version = 7", on: path)
            #expect(SpoolFileHead.problem(in: folder) == SpoolError.newer(path: path, version: 7).description)
            #expect(throws: SpoolError.newer(path: path, version: 7)) { try opened(folder) }
        }
    }

    // MARK: Faults

    @Test func aFullDiskIsSaidAndRemovingStillWorks() throws {
        try withFolder { folder in
            let engine = SQLiteEngine(directory: folder, sync: .full, maxBytes: 64 * 4096)
            _ = try engine.open()
            let number = try engine.queue("q").number
            let kilobyte = String(repeating: "x", count: 1000)
            var written: Int64 = 0
            #expect {
                while written < 10_000 {
                    try engine.write(
                        [append(.of(kilobyte, kilobyte), to: number, first: written + 1)],
                        removing: []
                    )
                    written += 2
                }
            } throws: {
                if case .full? = $0 as? SpoolError { true } else { false }
            }
            #expect(written > 50)
            // What does not fit isn't there in part.
            #expect(try engine.read(SpoolRead(queue: number, after: written, messages: 9, bytes: 9)).batch.isEmpty)
            try engine.write([], removing: [SpoolDelete(queue: number, first: 1, last: 20, bytes: 0)])
            try engine.write([append(.of(kilobyte), to: number, first: written + 1)], removing: [])
        }
    }

    /// A disk that is full to the last block: what is left on it has all been delivered, but can't be removed.
    @Test func aFileOfNothingButWhatIsRemovedBeginsAnew() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let number = try engine.queue("q").number
            let other = try engine.queue("other").number
            try engine.write([append(.of("a", "b", "c"), to: number, first: 1)], removing: [])
            let most = SpoolDelete(queue: number, first: 1, last: 2, bytes: 130)
            let rest = SpoolDelete(queue: number, first: 3, last: 3, bytes: 65)
            #expect(try !engine.beginEmpty(after: [most]))
            #expect(try engine.read(SpoolRead(queue: number, after: 0, messages: 9, bytes: 99)).batch.count == 3)
            #expect(try engine.beginEmpty(after: [most, rest]))
            try engine.write([append(.of("d"), to: number, first: 4)], removing: [])
            engine.close()
            let contents = try SQLiteEngine(directory: folder, sync: .full, maxBytes: 1 << 30).open()
            #expect(contents.queues.map(\.number) == [number, other])
            #expect(contents.queues.map(\.count) == [1, 0] && contents.queues[0].next == 5)
        }
    }

    /// The transaction that failed may be there: what is tried again is counted once.
    @Test func aCommitThatFailedAndWasOneCountsOnce() throws {
        try withFolder { folder in
            let engine = try opened(folder)
            let number = try engine.queue("q").number
            let batch = append(.of("a", "b"), to: number, first: 1)
            try engine.write([batch], removing: [])
            engine.database = nil
            engine.isDoubtful = true
            try engine.write([batch], removing: [])
            #expect(try engine.queue("q").count == 2 && engine.queue("q").bytes == batch.bytes)
            let delete = SpoolDelete(queue: number, first: 1, last: 1, bytes: 65)
            try engine.write([], removing: [delete])
            try engine.write([], removing: [delete])
            #expect(try engine.queue("q").count == 1 && engine.queue("q").bytes == 65)
        }
    }

    @Test func afterAnUncleanEndAllOfItMayHaveArrived() throws {
        try withFolder { folder in
            func flags(closing: Bool) throws -> [MessageBatch.Flags] {
                let engine = try opened(folder)
                let place = try engine.queue("q")
                let read = SpoolRead(queue: place.number, after: 0, messages: 9, bytes: 999)
                let flags = try engine.read(read).batch.entries.map(\.flags)
                try engine.write([append(.of("a"), to: place.number, first: place.next)], removing: [])
                if closing { engine.close() } else { engine.database = nil }
                return flags
            }
            #expect(try flags(closing: true) == [])
            #expect(try flags(closing: false) == [[]])
            // Looking at it changes nothing.
            let inspection = SQLiteEngine(directory: folder, sync: .full, maxBytes: 1 << 30, isInspection: true)
            _ = try inspection.open()
            inspection.close()
            #expect(try flags(closing: true) == [.redelivered, .redelivered])
            #expect(try flags(closing: true) == [[], [], []])
        }
    }

    /// The same small file, damaged at one place after the other.
    @Test(arguments: 0..<8) func noDamageCrashesOrHangsOrChangesAMessage(part: Int) throws {
        try withFolder { folder in
            let texts = (0..<12).map { "message \($0) " + String(repeating: "\($0)", count: 40) }
            let engine = SQLiteEngine(directory: folder, sync: .normal, maxBytes: 1 << 30)
            _ = try engine.open()
            for key in ["a -> b", "c -> d"] {
                let place = try engine.queue(key)
                try engine.write([append(.of(texts), to: place.number, first: 1)], removing: [])
            }
            engine.close()
            let path = folder + "/" + SQLiteEngine.fileName
            let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            var damages = 0
            for offset in stride(from: part, to: good.count, by: 8) {
                // Where the file holds nothing for a while, nothing can break.
                let around = good[max(0, offset - 4)..<min(good.count, offset + 4)]
                guard offset < 128 || around.contains(where: { $0 != 0 }) else { continue }
                var flipped = good
                flipped[offset] ^= UInt8(1 << (offset % 8))
                try check(flipped, in: folder, path, texts, &damages)
                if offset % 64 == part { try check(Array(good[..<offset]), in: folder, path, texts, &damages) }
            }
            #expect(damages > 0)
        }
    }

    private func check(
        _ bytes: [UInt8],
        in folder: String,
        _ path: String,
        _ texts: [String],
        _ damages: inout Int
    ) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let engine = SQLiteEngine(directory: folder, sync: .normal, maxBytes: 1 << 30)
        do throws(SpoolError) {
            let contents = try engine.open()
            if contents.setAside != nil { damages += 1 }
            for place in contents.queues {
                var after: Int64 = 0
                var isEnd = false
                while !isEnd {
                    let page = try engine.read(
                        SpoolRead(queue: place.number, after: after, messages: 5, bytes: 1 << 20)
                    )
                    damages += page.damaged.count
                    #expect(page.batch.texts.allSatisfy(texts.contains), "a changed message")
                    #expect(page.isEnd || page.last > after, "it would read the same again")
                    after = page.last
                    isEnd = page.isEnd
                }
            }
        } catch {
            // In the header: another program's file, or one of a later version. Else it can be put aside.
            damages += 1
            if case .corrupt = error { _ = try engine.setAside() }
        }
        engine.close()
    }

    // MARK: Help

    private func opened(_ folder: String) throws -> SQLiteEngine {
        let engine = SQLiteEngine(directory: folder, sync: .full, maxBytes: 1 << 30)
        _ = try engine.open()
        return engine
    }

    private func append(_ batch: MessageBatch, to queue: Int, first: Int64) -> SpoolAppend {
        SpoolAppend(
            queue: queue,
            ticket: 1,
            first: first,
            batch: batch,
            range: 0..<batch.count,
            bytes: batch.cost
        )
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? Int) ?? -1
    }

    private func run(_ sql: String, on path: String) throws {
        try SQLiteHandle(path: path).execute(sql)
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        // In memory where there is such a place: thousands of syncs take their time.
        let memory = "/dev/shm"
        let place = access(memory, W_OK) == 0 ? URL(fileURLWithPath: memory) : FileManager.default.temporaryDirectory
        let folder = place.appendingPathComponent("wsbridge-spool-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}

extension MessageBatch {
    fileprivate var cost: Int { entries.reduce(0) { $0 + $1.queueCost } }

    fileprivate var topics: [String] {
        withUnsafeBytes { all in entries.map { String(decoding: all[$0.topic], as: UTF8.self) } }
    }
}
