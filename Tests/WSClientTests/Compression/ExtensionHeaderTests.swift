import TestSupport
import Testing

@testable import WSClient

/// RFC 6455, section 9.1, read strictly.
struct ExtensionHeaderTests {
    private func written(_ elements: [ExtensionHeader.Element]) -> String {
        elements.map { element in
            ([element.name] + element.parameters.map(\.description)).joined(separator: ";")
        }.joined(separator: ",")
    }

    @Test(
        arguments: [
            ("", ""),
            (" , ,", ""),
            ("permessage-deflate", "permessage-deflate"),
            ("a;b;c=1", "a;b;c=1"),
            (" a ; b ; c\t= 1 ,, d ", "a;b;c=1,d"),
            (#"a; b="10""#, "a;b=10"),
            (#"a; b="1\0", a"#, "a;b=10,a"),
            ("a;b;b", "a;b;b"),
        ]
    )
    func reads(header: String, as elements: String) throws {
        #expect(written(try ExtensionHeader.parse(header)) == elements)
    }

    @Test(
        arguments: [
            (";", 0), ("a;", 2), ("a;;b", 2), ("a b", 2), ("a=b", 1), ("a;b=", 4), ("a;b==c", 4), ("a;=c", 2),
            (#"a;b=""#, 5), (#"a;b="""#, 6), (#"a;b="c"#, 6), (#"a;b="c\"#, 7), (#"a;b="c d""#, 6),
            (#"a;b="c"d"#, 7), (#""a""#, 0), ("é", 0), ("a;b=é", 4), ("a/b", 1), ("a\r\nb", 1), ("a\0", 1),
        ]
    )
    func refuses(header: String, at offset: Int) {
        #expect(throws: ExtensionHeader.SyntaxError(offset: offset)) { try ExtensionHeader.parse(header) }
    }

    @Test func randomBytesAreReadOrRefused() throws {
        var generator = SeededGenerator(seed: 7692)
        let alphabet = Array("ab ,;=\"\\\té1".utf8)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...24, using: &generator)
            let bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            guard let elements = try? ExtensionHeader.parse(String(decoding: bytes, as: UTF8.self)) else { continue }
            // What was read says the same when it is written and read again.
            #expect(try ExtensionHeader.parse(written(elements)) == elements)
        }
    }
}
