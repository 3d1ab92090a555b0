import TLS

/// One form of a secret, to be recognised however it comes back (requirement S7): as it is, escaped in JSON or quoted,
/// percent-encoded, in base64 (RFC 4648, sections 4 and 5) alone or within more, or cut off.
///
/// Encoders differ in what they escape and in the case of their digits, and escape what is escaped already. So a text is
/// read byte by byte in whichever way fits, instead of being compared with a list of all that may be.
struct SecretForm: Sendable, Hashable {
    /// So much of a longer secret's beginning gives it away: servers cut what they quote.
    static let telling = 12
    /// A shorter piece at the end of a text is no sign of a secret, nor is a shorter secret hidden.
    static let shortest = 4

    private let bytes: [UInt8]
    private let isBase64: Bool

    /// The secret itself, and the digits of base64 that it becomes at each of the places of a group of three bytes.
    static func all(of secret: String) -> [SecretForm] {
        let bytes = Array(secret.utf8)
        let forms = [SecretForm(plain: bytes)] + (0..<3).map { SecretForm(base64Of: bytes, behind: $0) }
        return forms.filter { $0.bytes.count >= shortest }
    }

    private init(plain secret: [UInt8]) {
        // Escaping doubles backslashes, again and again: one stands for a row of them.
        bytes = secret.indices.filter { $0 == 0 || secret[$0] != backslash || secret[$0 - 1] != backslash }
            .map { secret[$0] }
        isBase64 = false
    }

    /// The digits that depend on nothing but the secret, where so many bytes stand before it in a group.
    private init(base64Of secret: [UInt8], behind count: Int) {
        let digits = Array(Base64.encode(Array(repeating: 0, count: count) + secret).utf8)
        bytes = Array(digits[((count * 8 + 5) / 6)..<((count + secret.count) * 8 / 6)])
        isBase64 = true
    }

    /// The bytes with which it may begin in a text.
    var beginnings: Set<UInt8> {
        var beginnings: Set = [bytes[0], backslash, percent]
        if bytes[0] == UInt8(ascii: " ") { beginnings.insert(UInt8(ascii: "+")) }
        if isBase64, let other = EscapedText.otherDigit(bytes[0]) { beginnings.insert(other) }
        return beginnings
    }

    /// The number of bytes from here that belong to the secret; 0 = none.
    func length(at place: EscapedText) -> Int {
        // A `%` may be its own, or an encoder's.
        max(length(at: place, isEncoded: false), bytes.contains(percent) ? length(at: place, isEncoded: true) : 0)
    }

    private func length(at place: EscapedText, isEncoded: Bool) -> Int {
        var reader = place
        reader.isEncoded = isEncoded
        var matched = 0
        while matched < bytes.count, let count = reader.take(bytes[matched...], inBase64: isBase64) {
            matched += count
        }
        guard matched >= min(bytes.count, Self.telling) || matched >= Self.shortest && reader.isAtEnd else { return 0 }
        // Things that stand behind it in the same base64 are no business of others either.
        if isBase64, matched == bytes.count { reader.skipBase64() }
        return reader.index - place.index
    }
}

private let backslash = UInt8(ascii: "\\")
private let percent = UInt8(ascii: "%")

/// Reads a text that may be escaped in any way, following what is looked for.
struct EscapedText {
    /// So many bytes may stand for one: hostile rows of escapes cost no more.
    private static let longestEscape = 32
    /// So many bytes of base64 behind a secret are hidden with it: more than previews and reasons show.
    static let longestBase64 = 64 << 10

    private let text: UnsafeRawBufferPointer
    private(set) var index: Int
    /// Each `%` begins an encoded byte.
    var isEncoded = false
    private let start: Int
    /// The place behind the backslashes at the start, which each secret asks for.
    private var startBehind = 0
    /// The last backslash of a row may be the secret's own, or belong to the escape that follows.
    private var isBehindBackslash = false

    init(_ text: UnsafeRawBufferPointer, at index: Int) {
        self.text = text
        self.index = index
        start = index
        startBehind = skippingBackslashes(from: index)
    }

    /// Also within an escape that was cut off, or where a text was shortened.
    var isAtEnd: Bool {
        guard index < text.count else { return true }
        if ["…", "..."].contains(where: { text[index...].starts(with: $0.utf8) }) { return true }
        let rest = text[index...].prefix(Self.longestEscape)
        if rest.first == percent { return rest.count < 3 }
        guard rest.first == backslash, let next = rest.first(where: { $0 != backslash }) else {
            return rest.first == backslash
        }
        return next == UInt8(ascii: "u") && rest.count < 12
    }

    /// Goes over what follows in the same base64, as far as anyone is shown of a text.
    mutating func skipBase64() {
        let limit = min(text.count, index + Self.longestBase64)
        while index < limit {
            guard
                let end = encodedEnd(of: UInt8(ascii: "="), at: index)
                    ?? (Self.base64.contains(text[index]) ? index + 1 : nil)
            else { return }
            index = end
        }
    }

    private static let base64 = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=".utf8)

    /// Goes over what stands for the first of the wanted bytes; how many of them it was, `nil` if it is something else.
    mutating func take(_ wanted: ArraySlice<UInt8>, inBase64: Bool) -> Int? {
        guard index < text.count, let first = wanted.first else { return nil }
        let behind = index == start ? startBehind : skippingBackslashes(from: index)
        if first == backslash {
            guard behind > index else { return nil }
            index = behind
            isBehindBackslash = true
            return 1
        }
        defer { isBehindBackslash = false }
        if behind > index || isBehindBackslash, let (count, end) = escape(wanted, at: behind) {
            index = end
            return count
        }
        guard let end = end(of: first, at: behind, inBase64) else { return nil }
        index = end
        return 1
    }

    /// The end of this byte if it stands here, as it is or percent-encoded.
    private func end(of byte: UInt8, at place: Int, _ inBase64: Bool) -> Int? {
        guard place < text.count else { return nil }
        if !isEncoded || text[place] != percent {
            if Self.isSame(text[place], byte, inBase64) { return place + 1 }
            if text[place] == UInt8(ascii: "+"), byte == UInt8(ascii: " ") { return place + 1 }
        }
        return encodedEnd(of: byte, at: place, inBase64)
    }

    /// The end of this byte as `%XX`, which may be encoded again and again (RFC 3986, section 2.1).
    private func encodedEnd(of byte: UInt8, at place: Int, _ inBase64: Bool = false) -> Int? {
        guard place < text.count, text[place] == percent else { return nil }
        var digits = place + 1
        while digits < place + Self.longestEscape, let value = hexadecimal(digits, 2) {
            if Self.isSame(UInt8(value), byte, inBase64) { return digits + 2 }
            guard value == UInt32(percent) else { return nil }
            digits += 2
        }
        return nil
    }

    /// `\t`, `\u00e9`, our own `\u{202e}` and the like, from behind the backslash (RFC 8259, section 7).
    private func escape(_ wanted: ArraySlice<UInt8>, at place: Int) -> (count: Int, end: Int)? {
        guard place < text.count else { return nil }
        if text[place] == UInt8(ascii: "t"), wanted.first == 0x09 { return (1, place + 1) }
        guard text[place] == UInt8(ascii: "u"), let (high, behind) = codePoint(at: place + 1) else { return nil }
        var (scalar, end) = (high, behind)
        if (0xD800..<0xDC00).contains(high) {
            let second = skippingBackslashes(from: end)
            guard second > end, second < text.count, text[second] == UInt8(ascii: "u"),
                let low = hexadecimal(second + 1, 4), (0xDC00..<0xE000).contains(low)
            else { return nil }
            (scalar, end) = (0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), second + 5)
        }
        guard let bytes = Unicode.Scalar(scalar).map({ Array(String($0).utf8) }), wanted.starts(with: bytes) else {
            return nil
        }
        return (bytes.count, end)
    }

    private func codePoint(at place: Int) -> (value: UInt32, end: Int)? {
        guard place < text.count, text[place] == UInt8(ascii: "{") else {
            return hexadecimal(place, 4).map { ($0, place + 4) }
        }
        guard let count = text[(place + 1)...].prefix(7).firstIndex(of: UInt8(ascii: "}")).map({ $0 - place - 1 }),
            count > 0
        else { return nil }
        return hexadecimal(place + 1, count).map { ($0, place + count + 2) }
    }

    /// Also those that are escaped themselves.
    private func skippingBackslashes(from start: Int) -> Int {
        var place = start
        while place < min(text.count, start + Self.longestEscape) {
            if text[place] == backslash {
                place += 1
            } else if let end = encodedEnd(of: backslash, at: place) {
                place = end
            } else if place > start, text[place] == UInt8(ascii: "u"), hexadecimal(place + 1, 4) == UInt32(backslash) {
                place += 5
            } else {
                break
            }
        }
        return place
    }

    private func hexadecimal(_ start: Int, _ count: Int) -> UInt32? {
        guard start + count <= text.count else { return nil }
        var value: UInt32 = 0
        for byte in text[start..<start + count] {
            guard let digit = PercentEncoding.digit(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Base64 has two alphabets.
    private static func isSame(_ found: UInt8, _ wanted: UInt8, _ inBase64: Bool) -> Bool {
        if found == wanted { return true }
        return inBase64 && found == otherDigit(wanted)
    }

    /// The URL's digit in place of one of the two that URLs can't hold (RFC 4648, section 5).
    static func otherDigit(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: nil
        }
    }
}
