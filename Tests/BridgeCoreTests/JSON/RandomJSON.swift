import TestSupport

/// A JSON value made up for a test.
indirect enum RandomJSON {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([RandomJSON])
    case object([(String, RandomJSON)])

    static func value(depth: Int, using random: inout SeededGenerator) -> RandomJSON {
        switch Int.random(in: 0..<(depth < 4 ? 9 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .number(Double(Int.random(in: -1_000_000...1_000_000, using: &random)))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &random))
        case 4, 5: return .string(string(using: &random))
        case 6:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in value(depth: depth + 1, using: &random) })
        default:
            // Each name once: of two, Foundation and the scanner may take another.
            var names = Set<String>()
            for _ in 0..<Int.random(in: 0...5, using: &random) { names.insert(string(using: &random)) }
            return .object(names.sorted().map { ($0, value(depth: depth + 1, using: &random)) })
        }
    }

    private static func string(using random: inout SeededGenerator) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "b", "c", "x", "\"", "\\", "/", "\n", "\t", " ", "{", "]", "é", "€", "😀", "'", "\u{1}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            text.append(scalars.randomElement(using: &random) ?? "a")
        }
        return String(text)
    }

    /// The value as JSON, with whitespace and escapes also where they are allowed but not needed.
    func text(using random: inout SeededGenerator) -> String {
        let space = ["", "", "", " ", "\r\n\t"].randomElement(using: &random) ?? ""
        switch self {
        case .null: return "null" + space
        case .bool(let bool): return "\(bool)" + space
        case .number(let number): return (number == number.rounded() ? "\(Int(number))" : "\(number)") + space
        case .string(let string): return Self.quoted(string, using: &random) + space
        case .array(let elements):
            return "[" + space + elements.map { $0.text(using: &random) }.joined(separator: "," + space) + "]" + space
        case .object(let members):
            let members = members.map { name, value in
                Self.quoted(name, using: &random) + space + ":" + space + value.text(using: &random)
            }
            return "{" + space + members.joined(separator: "," + space) + "}" + space
        }
    }

    private static func quoted(_ string: String, using random: inout SeededGenerator) -> String {
        var text = ""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += #"\""#
            case "\\": text += #"\\"#
            case "\n" where Bool.random(using: &random): text += #"\n"#
            case _ where scalar.value < 0x20 || Int.random(in: 0..<20, using: &random) == 0:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: .random(using: &random))
                    text += #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        return "\"" + text + "\""
    }
}
