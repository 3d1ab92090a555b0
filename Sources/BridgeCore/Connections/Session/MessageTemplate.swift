/// A text message with places for values: `{"op":"auth","token":"{token}"}`.
///
/// Only a brace, a name and a brace are a place: JSON's own braces are followed by something else. `{{name}}` is the
/// text `{name}`. Within double quotes a value is escaped as JSON wants; elsewhere it stands as it is.
package struct MessageTemplate: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal(String)
        case value(name: String, isQuoted: Bool)
    }

    let parts: [Part]

    package init(_ text: String) {
        var parser = Parser(Array(text.utf8))
        parts = parser.parse()
    }

    private init(parts: [Part]) {
        self.parts = parts
    }

    /// A text in which nothing is a place.
    static func literal(_ text: String) -> MessageTemplate { MessageTemplate(parts: [.literal(text)]) }

    /// A value as a JSON string.
    static func quoted(_ name: String) -> MessageTemplate {
        MessageTemplate(parts: [.literal("\""), .value(name: name, isQuoted: true), .literal("\"")])
    }

    static func + (left: MessageTemplate, right: MessageTemplate) -> MessageTemplate {
        MessageTemplate(parts: left.parts + right.parts)
    }

    /// The names of its places.
    package var names: [String] {
        parts.compactMap { part in
            if case .value(let name, _) = part { return name }
            return nil
        }
    }

    /// The message; a name without a value stands for nothing.
    package func render(_ values: [String: String]) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .value(let name, let isQuoted):
                let value = values[name] ?? ""
                text += isQuoted ? JSONText.escaped(value) : value
            }
        }
        return text
    }

    /// Whether this can be the name of a value.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy(Parser.isNameByte)
    }

    private struct Parser {
        private let text: [UInt8]
        private var position = 0
        private var literal: [UInt8] = []
        private var parts: [Part] = []
        private var isQuoted = false

        init(_ text: [UInt8]) {
            self.text = text
        }

        mutating func parse() -> [Part] {
            while position < text.count {
                // The brace first: a long word must not be searched from each of its letters.
                guard byte(position) == open else {
                    takeLiteral()
                    continue
                }
                if byte(position + 1) == open, let end = endOfName(from: position + 2), byte(end) == close,
                    byte(end + 1) == close
                {
                    literal += text[(position + 1)...end]
                    position = end + 2
                } else if let end = endOfName(from: position + 1), byte(end) == close {
                    endLiteral()
                    let name = String(decoding: text[(position + 1)..<end], as: UTF8.self)
                    parts.append(.value(name: name, isQuoted: isQuoted))
                    position = end + 1
                } else {
                    takeLiteral()
                }
            }
            endLiteral()
            return parts
        }

        private mutating func takeLiteral() {
            let taken = text[position]
            literal.append(taken)
            position += 1
            if taken == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if isQuoted, taken == UInt8(ascii: "\\"), position < text.count {
                literal.append(text[position])
                position += 1
            }
        }

        private mutating func endLiteral() {
            guard !literal.isEmpty else { return }
            parts.append(.literal(String(decoding: literal, as: UTF8.self)))
            literal.removeAll()
        }

        /// Where the name that begins here ends; `nil` if none does.
        private func endOfName(from start: Int) -> Int? {
            guard let first = byte(start), Self.isNameByte(first), !(48...57).contains(first) else { return nil }
            var end = start
            while let next = byte(end), Self.isNameByte(next) { end += 1 }
            return end
        }

        private func byte(_ index: Int) -> UInt8? { index < text.count ? text[index] : nil }

        private let open = UInt8(ascii: "{")
        private let close = UInt8(ascii: "}")

        static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57,
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
