import Foundation
import Testing

/// What `make fuzz` searches for minutes, here for a moment: each target on its corpus and on seeded changes of it.
struct CorpusTests {
    /// Printed with each failure; another one searches elsewhere.
    static let seed = UInt64(ProcessInfo.processInfo.environment["FUZZ_SEED"] ?? "") ?? 0x5EED
    /// How many changed inputs each target gets.
    static let rounds = Int(ProcessInfo.processInfo.environment["FUZZ_ROUNDS"] ?? "") ?? 400

    static func corpus(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpora/\(target.name)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    @Test("the property holds for the corpus", arguments: FuzzTarget.all)
    func corpus(_ target: FuzzTarget) throws {
        let corpus = try Self.corpus(of: target)
        #expect(corpus.count >= 3, "the corpus of \(target) is missing")
        for (name, bytes) in corpus {
            #expect(throws: Never.self, "\(target)/\(name): \(target.property)") { try target.check(bytes) }
        }
    }

    @Test("the property holds for changes of the corpus", arguments: FuzzTarget.all)
    func changes(_ target: FuzzTarget) throws {
        var mutator = Mutator(seed: Self.seed, corpus: try Self.corpus(of: target).map(\.bytes))
        for round in 0..<Self.rounds {
            let input = mutator.next()
            do {
                try target.check(input)
            } catch {
                let hex = input.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                Issue.record("\(target), FUZZ_SEED=\(Self.seed), round \(round), input \(hex): \(error)")
                return
            }
        }
    }

    @Test func everyTargetHasANameOfItsOwnAndAProperty() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
        #expect(FuzzTarget.all.allSatisfy { !$0.property.isEmpty && !$0.property.contains("\n") })
    }

    @Test func aBrokenPropertyIsNoticed() throws {
        let target = FuzzTarget("broken", "no input holds a 7") { try require(!$0.contains(7), "a 7") }
        #expect(throws: PropertyBroken.self) { try target.check([7]) }
        var mutator = Mutator(seed: 1, corpus: [[6]])
        var isFound = false
        for _ in 0..<1000 where !isFound {
            let input = mutator.next()
            isFound = (try? target.check(input)) == nil
        }
        #expect(isFound)
    }
}
