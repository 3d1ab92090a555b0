import TestSupport
import Testing

@testable import BridgeCore

struct NeedleTests {
    @Test func agreesWithASearchByHandOnRandomText() {
        var random = SeededGenerator(seed: 4)
        // Few letters make many places where a part fits; many make few.
        let alphabets = [Array("ab".utf8), Array("aAbB".utf8), Array("abcdefgh\"{}:".utf8), Array(0...255)]
        var found = 0
        for round in 0..<20_000 {
            let alphabet = alphabets[round % alphabets.count]
            let needle = bytes(1...(round % 3 == 0 ? 40 : 6), from: alphabet, using: &random)
            var payload = bytes(0...200, from: alphabet, using: &random)
            if round % 5 == 0, let place = payload.indices.randomElement(using: &random) {
                payload.insert(contentsOf: needle, at: place)
            }
            // A needle is text.
            guard let text = String(validating: needle, as: UTF8.self) else { continue }
            for foldsCase in [false, true] {
                let isFound = Needle(text, foldsCase: foldsCase).isFound(in: payload)
                #expect(isFound == search(payload, for: needle, foldsCase: foldsCase), "\(needle) in \(payload)")
                if isFound { found += 1 }
            }
        }
        #expect(found > 5000)
    }

    @Test func findsATextAtEachPlaceOfPayloadsOfEachLength() {
        let needle = Needle("wxyz", foldsCase: false)
        for count in 4...100 {
            for place in 0...(count - 4) {
                var payload = [UInt8](repeating: UInt8(ascii: "-"), count: count)
                payload.replaceSubrange(place..<place + 4, with: Array("wxyz".utf8))
                #expect(needle.isFound(in: payload))
                payload[place + 3] = 0
                #expect(!needle.isFound(in: payload))
            }
        }
    }

    @Test func anEmptyTextIsEverywhere() {
        #expect(Needle("", foldsCase: false).isFound(in: []))
        #expect(Needle("", foldsCase: true).isFound(in: [1]))
        #expect(!Needle("a", foldsCase: false).isFound(in: []))
    }

    @Test func onlyTheCaseOfAToZIsFolded() {
        #expect(Needle("ALARM 1", foldsCase: true).isFound(in: Array("xx aLaRm 1".utf8)))
        #expect(!Needle("ALARM", foldsCase: false).isFound(in: Array("alarm".utf8)))
        // In ASCII these differ by the same bit as letters do.
        #expect(!Needle("[@", foldsCase: true).isFound(in: Array("{`".utf8)))
        #expect(Needle("GRÖSSE", foldsCase: true).isFound(in: Array("grÖsse".utf8)))
        #expect(!Needle("GRÖSSE", foldsCase: true).isFound(in: Array("größe".utf8)))
    }

    @Test("S14: a payload that nearly fits everywhere takes no longer than its length")
    func hostilePayloadsAreSearchedInLinearTime() {
        let needle = Needle(String(repeating: "a", count: 50_000) + "b", foldsCase: true)
        var payload = [UInt8](repeating: UInt8(ascii: "a"), count: 2 << 20)
        for index in stride(from: 49_999, to: payload.count, by: 50_000) { payload[index] = UInt8(ascii: "b") }
        let time = ContinuousClock().measure { #expect(!needle.isFound(in: payload)) }
        // Comparing at each place would take 10^11 steps.
        #expect(time < .seconds(10))
        payload.replaceSubrange(
            1_000_000...,
            with: Array(repeating: UInt8(ascii: "a"), count: 50_000) + [UInt8(ascii: "B")]
        )
        #expect(needle.isFound(in: payload))
    }

    private func bytes(
        _ counts: ClosedRange<Int>,
        from alphabet: [UInt8],
        using random: inout SeededGenerator
    ) -> [UInt8] {
        (0..<Int.random(in: counts, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
    }

    private func search(_ payload: [UInt8], for needle: [UInt8], foldsCase: Bool) -> Bool {
        let fold = { (byte: UInt8) in foldsCase && (65...90).contains(byte) ? byte + 32 : byte }
        let payload = payload.map(fold)
        let needle = needle.map(fold)
        guard payload.count >= needle.count else { return false }
        return (0...(payload.count - needle.count)).contains { Array(payload[$0..<$0 + needle.count]) == needle }
    }
}

extension Needle {
    fileprivate func isFound(in payload: [UInt8]) -> Bool {
        payload.withUnsafeBytes { isFound(in: $0) }
    }
}
