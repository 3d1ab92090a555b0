/// Payloads to measure with.
enum Text {
    /// JSON as feeds send it: ASCII only.
    static func ascii(_ count: Int) -> [UInt8] {
        fill(count, from: #"{"type":"trade","symbol":"ABC-XYZ","price":"123.45","size":10,"side":"buy"} "#)
    }

    /// Prose of one, two, three and four bytes a character.
    static func mixed(_ count: Int) -> [UInt8] {
        fill(count, from: "Grüße aus Zürich, 東京の天気は晴れ, привет мир, naïve café, 🚀🎛 και άλλα. ")
    }

    /// Two and three bytes a character, hardly any ASCII.
    static func foreign(_ count: Int) -> [UInt8] {
        fill(count, from: "東京の天気は晴れですприветмирκαλημέρα")
    }

    /// Repeats a phrase, cut between characters and filled up with spaces.
    private static func fill(_ count: Int, from phrase: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while true {
            for character in phrase.unicodeScalars {
                let encoded = Array(String(character).utf8)
                guard bytes.count + encoded.count <= count else {
                    return bytes + [UInt8](repeating: 0x20, count: count - bytes.count)
                }
                bytes += encoded
            }
        }
    }
}
