import BridgeCore
import Testing

@testable import FIFOAdapter

struct FramerTests {
    /// Feeds a stream in pieces as the source would: what was not consumed comes again.
    private func records(
        of stream: [UInt8],
        cutAt cuts: [Int],
        _ framing: FIFOFraming,
        maxRecordSize: Int = 1000
    ) -> (records: [[UInt8]], tooLarge: Int, isUnfinished: Bool) {
        var framer = FIFOFramer(framing, maxRecordSize: maxRecordSize)
        var records: [[UInt8]] = []
        var tooLarge = 0
        var pending: [UInt8] = []
        var from = 0
        for cut in cuts + [stream.count] {
            pending += stream[from..<cut]
            from = cut
            var entries = ContiguousArray<MessageBatch.Entry>()
            let progress = pending.withUnsafeBytes { framer.frame($0, at: 0, into: &entries) }
            for entry in entries { records.append(Array(pending[entry.payload])) }
            tooLarge += progress.tooLarge
            pending.removeFirst(progress.consumed)
        }
        return (records, tooLarge, framer.writerLeft())
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func lengthPrefixed(_ texts: String...) -> [UInt8] {
        texts.flatMap { text in withUnsafeBytes(of: UInt32(text.utf8.count).bigEndian) { Array($0) } + bytes(text) }
    }

    @Test
    func findsTheSameRecordsWhereverTheStreamIsCut() {
        let wanted = ["first", "", "third one", "4"].map(bytes)
        let streams: [(FIFOFraming, [UInt8])] = [
            (.lines, bytes("first\n\nthird one\n4\n")),
            (.nul, bytes("first\0\0third one\04\0")),
            (.length, lengthPrefixed("first", "", "third one", "4")),
        ]
        for (framing, stream) in streams {
            for first in 0...stream.count {
                for second in first...stream.count {
                    let outcome = records(of: stream, cutAt: [first, second], framing)
                    #expect(outcome.records == wanted)
                    #expect(!outcome.isUnfinished)
                }
            }
        }
    }

    @Test
    func aRecordWithoutItsEndIsUnfinished() {
        #expect(records(of: bytes("whole\npart"), cutAt: [], .lines).isUnfinished)
        #expect(records(of: bytes("whole\0part"), cutAt: [], .nul).isUnfinished)
        #expect(records(of: lengthPrefixed("whole") + [0, 0], cutAt: [], .length).isUnfinished)
        #expect(records(of: lengthPrefixed("whole") + [0, 0, 0, 9, 1], cutAt: [], .length).isUnfinished)
        #expect(!records(of: bytes("whole\n"), cutAt: [], .lines).isUnfinished)
    }

    @Test
    func aRecordThatIsTooLargeIsCountedOnceAndSkippedToItsEnd() {
        let long = String(repeating: "x", count: 50)
        for cuts in [[], [3], [20], [20, 40], [53, 54], Array(1...56)] {
            let lines = records(of: bytes("ab\n\(long)\ncd\n"), cutAt: cuts, .lines, maxRecordSize: 10)
            #expect(lines.records == [bytes("ab"), bytes("cd")])
            #expect(lines.tooLarge == 1)
            let lengths = records(of: lengthPrefixed("ab", long, "cd"), cutAt: cuts, .length, maxRecordSize: 10)
            #expect(lengths.records == [bytes("ab"), bytes("cd")])
            #expect(lengths.tooLarge == 1)
        }
    }

    @Test
    func aTooLargeRecordThatItsWriterLeftIsNotCountedTwice() {
        let outcome = records(of: bytes(String(repeating: "x", count: 50)), cutAt: [20], .lines, maxRecordSize: 10)
        #expect(outcome.tooLarge == 1)
        #expect(!outcome.isUnfinished)
    }

    @Test
    func aRecordOfExactlyTheLargestSizePasses() {
        let ten = String(repeating: "x", count: 10)
        #expect(records(of: bytes(ten + "\n"), cutAt: [10], .lines, maxRecordSize: 10).records == [bytes(ten)])
        #expect(records(of: lengthPrefixed(ten), cutAt: [10], .length, maxRecordSize: 10).records == [bytes(ten)])
    }
}
