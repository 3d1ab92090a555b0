/// `json` with `exists`.
///
/// `null` exists; what isn't JSON has no such value, but doesn't lack it either.
final class JSONExistsCondition: MatchCondition {
    private let path: JSONPath
    private let wanted: Bool

    init(_ path: JSONPath, wanted: Bool) {
        self.path = path
        self.wanted = wanted
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        switch JSONScanner.find(path, in: payload) {
        case .found: wanted
        case .missing: !wanted && JSONScanner.isValid(payload)
        case .invalid: false
        }
    }
}

/// `json` with `gt` and `lt`.
///
/// Only numbers are compared, and those exactly.
final class JSONNumberCondition: MatchCondition {
    enum Order {
        case greater
        case less
    }

    private let path: JSONPath
    private let order: Order
    private let bound: JSONNumber

    init(_ path: JSONPath, _ order: Order, than bound: JSONNumber) {
        self.path = path
        self.order = order
        self.bound = bound
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        guard case .found(let value) = JSONScanner.find(path, in: payload), let number = value.number(in: payload)
        else {
            return false
        }
        return switch order {
        case .greater: number > bound
        case .less: number < bound
        }
    }
}

/// `json` with `contains`: in a string, or in the text of a number, `true`, `false` or `null`.
final class JSONContainsCondition: MatchCondition {
    private let path: JSONPath
    private let needle: Needle

    init(_ path: JSONPath, _ needle: Needle) {
        self.path = path
        self.needle = needle
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        guard case .found(let value) = JSONScanner.find(path, in: payload) else { return false }
        let text = value.text(in: payload)
        switch value.kind {
        case .string, .number, .true, .false, .null: return needle.isFound(in: text)
        case .escapedString:
            var decoder = JSONStringDecoder(text)
            var search = Needle.GradualSearch(needle)
            var isFound = search.isFoundAtStart
            while let byte = decoder.next() {
                if search.isFound(afterReading: byte) { isFound = true }
            }
            return isFound && !decoder.isMalformed
        case .object, .array: return false
        }
    }
}

/// `json` with `equals` and `one_of`.
///
/// A value equals only its like: the string "1" isn't the number 1. Numbers are equal by value: 1, 1.0 and 1e0 are.
final class JSONScalarCondition: MatchCondition {
    private let path: JSONPath
    private var strings: [FixedText] = []
    private var numbers: [JSONNumber] = []
    private var words: [JSONValue.Kind] = []

    init(_ path: JSONPath, oneOf scalars: [JSONScalar], foldsCase: Bool) {
        self.path = path
        for scalar in scalars {
            switch scalar {
            case .string(let text): strings.append(FixedText(text, foldsCase: foldsCase))
            case .number(let number): numbers.append(number)
            case .bool(let bool): words.append(bool ? .true : .false)
            case .null: words.append(.null)
            }
        }
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        guard case .found(let value) = JSONScanner.find(path, in: payload) else { return false }
        switch value.kind {
        case .string:
            let text = value.text(in: payload)
            for index in strings.indices where strings[index].equals(text) { return true }
            return false
        case .escapedString:
            let text = value.text(in: payload)
            for index in strings.indices where strings[index].equals(escaped: text) { return true }
            return false
        case .number:
            guard !numbers.isEmpty, let number = value.number(in: payload) else { return false }
            return numbers.contains(number)
        case .true, .false, .null: return words.contains(value.kind)
        case .object, .array: return false
        }
    }
}
