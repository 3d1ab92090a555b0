import TestSupport

/// Makes new inputs out of a corpus, the same ones for the same seed.
struct Mutator {
    private var random: SeededGenerator
    private let corpus: [[UInt8]]

    init(seed: UInt64, corpus: [[UInt8]]) {
        random = SeededGenerator(seed: seed)
        self.corpus = corpus.isEmpty ? [[]] : corpus
    }

    /// One of the corpus, changed in one to four places.
    mutating func next() -> [UInt8] {
        var input = pick()
        for _ in 0...number(below: 4) { change(&input) }
        return input
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = number(below: input.count + 1)
        let end = place + number(below: min(input.count - place, 16) + 1)
        switch number(below: 8) {
        case 0 where place < input.count: input[place] ^= 1 << UInt8(number(below: 8))
        case 1 where place < input.count: input[place] = UInt8(truncatingIfNeeded: random.next() as UInt64)
        case 2: input.insert(contentsOf: random.bytes(1 + number(below: 4)), at: place)
        case 3: input.removeSubrange(place..<end)
        case 4: input.insert(contentsOf: input[place..<end], at: place)
        case 5: input.removeSubrange(place...)
        case 6 where place < input.count:
            // The bytes at which lengths, characters and limits turn over.
            input[place] = [0, 1, 0x1F, 0x20, 0x7D, 0x7E, 0x7F, 0x80, 0xBF, 0xC0, 0xFE, 0xFF][number(below: 12)]
        default:
            let other = pick()
            let start = number(below: other.count + 1)
            let length = number(below: min(other.count - start, 32) + 1)
            input.replaceSubrange(place..<end, with: other[start..<start + length])
        }
    }

    private mutating func pick() -> [UInt8] { corpus[number(below: corpus.count)] }

    private mutating func number(below limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
}
