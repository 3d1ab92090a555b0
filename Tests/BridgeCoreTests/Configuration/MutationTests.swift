import BridgeCore
import TestSupport
import Testing

/// Files that were damaged at random: each gives a configuration or at least one error, and nothing crashes.
struct MutationTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4]

    @Test(arguments: ExampleConfigurationTests.names, seeds)
    func damagedExamples(name: String, seed: UInt64) throws {
        let text = try ExampleConfigurationTests.text(of: name)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for _ in 0...Int.random(in: 0...2, using: &random) {
                damage(&lines, using: &random)
            }
            let damaged = lines.joined(separator: "\n")
            let outcome = Transcript(environment: ExampleConfigurationTests.environment).load(damaged)
            let errors = outcome.diagnostics.filter { $0.severity == .error }
            #expect((outcome.configuration == nil) == !errors.isEmpty, "\(damaged)")
            for diagnostic in outcome.diagnostics {
                #expect(diagnostic.line ?? 0 >= 1 && diagnostic.line ?? 0 <= lines.count + 1, "\(diagnostic)")
                #expect(diagnostic.column ?? 0 >= 1)
                #expect(!diagnostic.message.isEmpty && !diagnostic.message.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
    }

    @Test(arguments: seeds)
    func randomBytes(seed: UInt64) {
        let alphabet = Array("ab:{}[]-?*&!|>'\"%@`#,~<\n\n\n  \t$.\\0é".utf8)
        var random = SeededGenerator(seed: seed)
        let loader = ConfigurationLoader(environment: [:], hostName: "h", userID: 0)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let outcome = loader.load(bytes, file: "f")
            #expect((outcome.configuration == nil) == outcome.diagnostics.contains { $0.severity == .error })
        }
    }

    private func damage(_ lines: inout [String], using random: inout SeededGenerator) {
        guard let index = lines.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: lines.remove(at: index)
        case 1: lines.insert(lines[index], at: index)
        case 2: lines[index] = String(lines[index].shuffled(using: &random))
        case 3: lines[index] = "  " + lines[index]
        case 4: lines[index] = String(lines[index].prefix(Int.random(in: 0...lines[index].count, using: &random)))
        case 5:
            lines[index].insert("{}[]:'\"*&!#\t-,$%@".randomElement(using: &random) ?? ":", at: lines[index].startIndex)
        default: lines.swapAt(index, lines.indices.randomElement(using: &random) ?? index)
        }
    }
}
