internal import Yams

/// Composes a text to Yams' nodes, and goes on behind duplicate keys, so that they are reported with all else.
///
/// Yams throws at the first duplicate and says only where the earlier of two keys stands. That one gets a stand-in
/// name of the same length, and the text is composed again; the tree then has both with their places.
struct YAMLComposer {
    struct Composition {
        /// `nil` = nothing in the file.
        var root: Node?
        /// The names of keys by their stand-ins.
        var standIns: [String: String] = [:]
    }

    /// The first of the private characters that mark a stand-in.
    private static let firstMark: UInt32 = 0xF0000
    private static let maximumStandIns: UInt32 = 32

    static func compose(_ text: String) throws(YAMLProblem) -> Composition {
        try refuseAliasesInKeys(text)
        var composition = Composition()
        var text = text
        var last = Position(line: 1, column: 1)
        for count in 0..<maximumStandIns {
            do {
                composition.root = try Parser(yaml: text).singleRoot()
                return composition
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = Position(line: context.mark.line, column: context.mark.column)
                let name = names.first ?? ""
                last = position
                guard let standIn = substitute(name, at: position, in: &text, mark: firstMark + count) else {
                    throw YAMLProblem(position: position, message: "the key \(quoted(name)) is here more than once")
                }
                composition.standIns[standIn] = name
            } catch let error as YamlError {
                throw YAMLProblem(error, text: text)
            } catch {
                throw YAMLProblem(position: Position(line: 1, column: 1), message: "this is no YAML")
            }
        }
        throw YAMLProblem(position: last, message: "this key, like many above, is here more than once")
    }

    /// Replaces the first character of the key that begins at `position`; returns what the key is called then.
    private static func substitute(
        _ name: String,
        at position: Position,
        in text: inout String,
        mark: UInt32
    ) -> String? {
        guard let first = name.unicodeScalars.first, let mark = Unicode.Scalar(mark) else { return nil }
        var scalars = text.unicodeScalars
        guard !scalars.contains(mark) else { return nil }
        var place = TextPlace()
        var index = scalars.startIndex
        while index < scalars.endIndex, place.position < position {
            place.pass(scalars[index])
            index = scalars.index(after: index)
        }
        if index < scalars.endIndex, scalars[index] == "\"" || scalars[index] == "'" {
            index = scalars.index(after: index)
        }
        guard index < scalars.endIndex, scalars[index] == first else { return nil }
        scalars.replaceSubrange(index..<scalars.index(after: index), with: [mark])
        text = String(scalars)
        var standIn = name.unicodeScalars
        standIn.replaceSubrange(standIn.startIndex..<standIn.index(after: standIn.startIndex), with: [mark])
        return String(standIn)
    }

    /// Yams hashes keys with all they expand to.
    ///
    /// With enough aliases in a key that would never end, so a file with many aliases may have no keys but plain names.
    private static func refuseAliasesInKeys(_ text: String) throws(YAMLProblem) {
        let manyAliases = 10
        var aliases = 0
        for line in text.split(whereSeparator: \.isNewline) {
            aliases += aliasCount(in: line)
        }
        guard aliases >= manyAliases else { return }
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard mayHoldComplexKey(line) else { continue }
            throw YAMLProblem(
                position: Position(line: number + 1, column: 1),
                message: "in a file with many aliases a key must be a plain name"
            )
        }
    }

    private static func aliasCount(in line: Substring) -> Int {
        var count = 0
        var last: Character = " "
        for character in line {
            if last == "*", character.isLetter || character.isNumber || character == "_" || character == "-" {
                count += 1
            }
            last = character
        }
        return count
    }

    /// `? key`, `[a]: `, `{a: b}: ` or `*alias : `.
    private static func mayHoldComplexKey(_ line: Substring) -> Bool {
        var before: [Character] = []
        for character in line {
            switch character {
            case "?" where before.last.map { " [{,-".contains($0) } ?? true:
                return true
            case ":":
                let key = before.reversed().drop { $0 == " " }
                if key.first == "]" || key.first == "}" { return true }
                let word = key.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
                if key.dropFirst(word.count).first == "*" { return true }
            default:
                break
            }
            before.append(character)
        }
        return false
    }
}
