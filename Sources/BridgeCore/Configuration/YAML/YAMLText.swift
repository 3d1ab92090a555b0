/// What is wrong with a document as YAML, and where.
struct YAMLProblem: Error, Equatable {
    var position: Position
    var message: String
}

/// The bytes of a file as text that a YAML parser may see: UTF-8, not too long, no stray control characters.
struct YAMLText {
    static let maximumSize = 1 << 20

    /// Without a byte order mark.
    let text: String

    init(bytes: [UInt8]) throws(YAMLProblem) {
        let start = Position(line: 1, column: 1)
        guard bytes.count <= Self.maximumSize else {
            throw YAMLProblem(position: start, message: "the file is larger than 1 MiB")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw YAMLProblem(position: start, message: "the file is UTF-16: save it as UTF-8")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        try Self.checkCharacters(of: content)
        text = String(decoding: content, as: UTF8.self)
    }

    private static func checkCharacters(of bytes: ArraySlice<UInt8>) throws(YAMLProblem) {
        var place = TextPlace()
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                guard isAllowed(scalar) else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
                    throw YAMLProblem(
                        position: place.position,
                        message: "the control character \(name) can't stand in YAML: delete it, or write it as an "
                            + "escape in double quotes"
                    )
                }
                place.pass(scalar)
            case .error:
                throw YAMLProblem(
                    position: place.position,
                    message: "this is not UTF-8: save the file with UTF-8 encoding"
                )
            case .emptyInput:
                return
            }
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x85: true
        case 0..<0x20, 0x7F...0x9F, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }
}

/// Line and column while passing over a text, counted as libyaml counts them.
struct TextPlace {
    private(set) var position = Position(line: 1, column: 1)
    private var lastWasCarriageReturn = false

    mutating func pass(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x0A where lastWasCarriageReturn:
            break
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
            position = Position(line: position.line + 1, column: 1)
        default:
            position.column += 1
        }
        lastWasCarriageReturn = scalar.value == 0x0D
    }
}
