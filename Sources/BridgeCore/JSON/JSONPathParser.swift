/// Reads a JSON path out of a text: alone, or inside a topic template up to its closing brace.
struct JSONPathParser {
    private let text: ContiguousArray<UInt8>
    /// In bytes.
    private(set) var position: Int
    private var steps: ContiguousArray<JSONPath.Step> = []
    private var names: ContiguousArray<UInt8> = []

    init(_ text: ContiguousArray<UInt8>, from position: Int = 0) {
        self.text = text
        self.position = position
    }

    /// Reads from `position` up to the terminator, which is left unread, or to the end of the text.
    mutating func parse(endingAt terminator: UInt8?) throws(JSONPathError) -> JSONPath {
        let start = position
        guard position < text.count, text[position] == UInt8(ascii: "$") else {
            throw fault("a JSON path begins with $: write $.name")
        }
        position += 1
        while position < text.count, text[position] != terminator {
            switch text[position] {
            case UInt8(ascii: "."): try readDotName()
            case UInt8(ascii: "["): try readBracket()
            default:
                throw fault("expected .name, ['name'] or [0]; a name with other characters is written ['any name']")
            }
            guard steps.count <= JSONPath.maximumDepth else {
                throw fault("a JSON path goes at most \(JSONPath.maximumDepth) levels down")
            }
        }
        return JSONPath(
            steps: steps,
            names: names,
            description: String(decoding: text[start..<position], as: UTF8.self)
        )
    }

    private mutating func readDotName() throws(JSONPathError) {
        position += 1
        let start = position
        while position < text.count, Self.standsAfterDot(text[position]) { position += 1 }
        guard position == start else {
            append(name: text[start..<position])
            return
        }
        switch position < text.count ? text[position] : 0 {
        case UInt8(ascii: "."): throw fault("a path can't search with `..`: name each level, as in $.a.b")
        case UInt8(ascii: "*"): throw fault("a path has no wildcards: name one member, as in $.a")
        case UInt8(ascii: "["): throw fault("there is no dot before [: write $.a[0]")
        default: throw fault("a name is missing after the dot; other names than a-z 0-9 _ - are written ['any name']")
        }
    }

    private mutating func readBracket() throws(JSONPathError) {
        position += 1
        switch position < text.count ? text[position] : 0 {
        case UInt8(ascii: "'"): try readQuotedName()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): try readIndex()
        case UInt8(ascii: "\""): throw fault("names in brackets are in single quotes: write ['name']")
        case UInt8(ascii: "*"): throw fault("a path has no wildcards: name one element, as in [0]")
        case UInt8(ascii: "-"): throw fault("elements are counted from the first, [0]; not from the last")
        case UInt8(ascii: "?"): throw fault("a path has no filters: combine matches with all, any and not")
        default: throw fault("expected ['name'] or [0] here")
        }
        guard position < text.count, text[position] == UInt8(ascii: "]") else { throw fault("expected ] here") }
        position += 1
    }

    private mutating func readIndex() throws(JSONPathError) {
        let start = position
        var index = 0
        while position < text.count, let digit = Self.digit(text[position]) {
            index = index * 10 + digit
            position += 1
            guard index <= 999_999_999 else { throw fault("the index is too large") }
        }
        guard position - start == 1 || text[start] != UInt8(ascii: "0") else {
            position = start
            throw fault("an index has no leading zeros: write [\(index)]")
        }
        steps.append(.element(index))
    }

    private mutating func readQuotedName() throws(JSONPathError) {
        let start = position
        position += 1
        var escaped: ContiguousArray<UInt8> = []
        while position < text.count, text[position] != UInt8(ascii: "'") {
            if text[position] == UInt8(ascii: "\\"), position + 1 < text.count {
                // The one escape that JSON doesn't have.
                if text[position + 1] != UInt8(ascii: "'") { escaped.append(text[position]) }
                position += 1
            }
            escaped.append(text[position])
            position += 1
        }
        guard position < text.count else {
            position = start
            throw fault("the name's closing quote is missing: write ['name']")
        }
        guard let name = JSONStringDecoder.decode(escaped) else {
            position = start
            throw fault(#"the name holds an unknown escape: write \\ for a backslash and \' for a quote"#)
        }
        position += 1
        append(name: name[...])
    }

    private mutating func append(name: ArraySlice<UInt8>) {
        let isPlain = name.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        steps.append(.member(offset: names.count, length: name.count, isPlain: isPlain))
        names.append(contentsOf: name)
    }

    private func fault(_ reason: String) -> JSONPathError {
        // Continuation bytes don't begin a character.
        JSONPathError(offset: text[..<position].count { $0 & 0xC0 != 0x80 }, reason: reason)
    }

    private static func standsAfterDot(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }
}
