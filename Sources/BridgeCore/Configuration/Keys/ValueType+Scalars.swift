extension ValueType<String> {
    /// A text that `check` finds nothing wrong with.
    ///
    /// It is shown in messages, so never use it for a secret.
    static func text(
        _ words: String = "a text",
        schema: JSONLiteral = ["type": ["string", "number", "boolean"]],
        check: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Self {
        ValueType(words, schema: schema) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let problem = check(scalar.text) {
                let shown = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
                field.error("\(field.name): \(problem)\(shown)", at: node.position)
                return nil
            }
            return scalar.text
        }
    }
}

extension ValueType<Bool> {
    static var boolean: Self {
        let words = "true or false"
        return ValueType(words, schema: .typed("boolean")) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let bool = scalar.bool { return bool }
            let meant: [String: String] = [
                "yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false",
            ]
            let hint = scalar.variables.isEmpty ? meant[scalar.text.lowercased()].map { ": write \($0)" } : nil
            field.error("\(field.name) must be \(words), found \(scalar.described)\(hint ?? "")", at: node.position)
            return nil
        }
    }
}

extension ValueType<Int> {
    static func integer(_ range: ClosedRange<Int>, _ unit: String = "") -> Self {
        let what = unit.isEmpty ? "a whole number" : "a whole number of \(unit)"
        let words = "\(what) from \(range.lowerBound) to \(range.upperBound)"
        let schema = JSONLiteral.typed(
            "integer",
            ["minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        )
        return ValueType(words, schema: schema) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let value = Int(scalar.text), range.contains(value) { return value }
            field.error("\(field.name) must be \(words), found \(scalar.described)", at: node.position)
            return nil
        }
    }

    /// A number of bytes.
    static func size(_ range: ClosedRange<Int>) -> Self {
        let (low, high) = (
            Quantity.text(range.lowerBound, units: Quantity.sizes),
            Quantity.text(range.upperBound, units: Quantity.sizes)
        )
        let words = "a size from \(low) to \(high), such as \(range.contains(64 << 10) ? "64KiB" : "64MiB")"
        let schema: JSONLiteral = ["type": "string", "pattern": "^([0-9]+(B|KiB|MiB|GiB)|0|.*\\$\\{.*)$"]
        return ValueType(words, schema: schema, write: { Quantity.text($0, units: Quantity.sizes) }) { node, field in
            quantity(node, field, words, units: Quantity.sizes, range: range, example: "KiB")
        }
    }
}

extension ValueType<Duration> {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let words = durationWords(range)
        return ValueType(words, schema: durationSchema(), write: durationText) { node, field in
            let bounds = range.lowerBound.milliseconds...range.upperBound.milliseconds
            return quantity(node, field, words, units: Quantity.durations, range: bounds, example: "s")
                .map { .milliseconds($0) }
        }
    }
}

extension ValueType<Duration?> {
    /// A duration, or the word `none`; or `word`, which reads as `nil` too.
    static func durationOrNone(_ range: ClosedRange<Duration>, or word: String? = nil) -> Self {
        let others = ["none"] + (word.map { [$0] } ?? [])
        let words = durationWords(range) + ", or " + others.joined(separator: ", or ")
        return ValueType(
            words,
            schema: durationSchema(or: others),
            write: { $0.map(durationText) ?? "none" }
        ) { node, field in
            if case .scalar(let scalar) = node.content, others.contains(scalar.text) { return .some(nil) }
            let bounds = range.lowerBound.milliseconds...range.upperBound.milliseconds
            return quantity(node, field, words, units: Quantity.durations, range: bounds, example: "s")
                .map { .milliseconds($0) }
        }
    }
}

extension ValueType where Value: RawRepresentable<String> & CaseIterable & Sendable {
    /// One of an enumeration's words.
    static var choice: Self {
        let names = Value.allCases.map(\.rawValue)
        let words = "one of \(names.joined(separator: ", "))"
        return ValueType(words, schema: choiceSchema(names), write: choiceText) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let value = Value(rawValue: scalar.text) { return value }
            let guess = scalar.variables.isEmpty ? Suggestion.closest(to: scalar.text, among: names) : nil
            let hint = guess.map { "; did you mean '\($0)'?" } ?? ""
            field.error("\(field.name) must be \(words), found \(scalar.described)\(hint)", at: node.position)
            return nil
        }
    }
}

/// The node as a scalar that isn't empty; else reports what was expected.
func scalar(_ node: YAMLNode, _ field: Field, _ words: String) -> YAMLScalar? {
    switch node.content {
    case .scalar(let scalar) where !scalar.isNull:
        return scalar
    case .unusable:
        return nil
    case .mapping where node.isFlow:
        field.error(
            "\(field.name) must be \(words), found a mapping of keys: put quotes around text that begins with '{'",
            at: node.position
        )
        return nil
    case .sequence where node.isFlow && words.hasPrefix("a text"):
        field.error(
            "\(field.name) must be \(words), found a list: put quotes around text that begins with '['",
            at: node.position
        )
        return nil
    default:
        field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
        return nil
    }
}

private func quantity(
    _ node: YAMLNode,
    _ field: Field,
    _ words: String,
    units: [Quantity.Unit],
    range: ClosedRange<Int>,
    example: String
) -> Int? {
    guard let scalar = scalar(node, field, words) else { return nil }
    let problem: String
    switch Quantity.parse(scalar.text, units: units) {
    case .success(let value) where range.contains(value): return value
    case .success, .failure(.tooLarge), .failure(.noNumber): problem = ""
    case .failure(.fraction): problem = ": write a whole number of a smaller unit"
    case .failure(.noUnit(let number)):
        let allowed = ([example] + units.map(\.name)).map { number + $0 }.first {
            guard case .success(let value) = Quantity.parse($0, units: units) else { return false }
            return range.contains(value)
        }
        if !scalar.variables.isEmpty {
            problem = ": it has no unit"
        } else {
            problem = allowed.map { ": write a unit, such as \($0)" } ?? ": write a number with a unit"
        }
    case .failure(.unknownUnit(let suggestion)):
        let known = units.map(\.name).joined(separator: ", ")
        problem =
            scalar.variables.isEmpty && suggestion != nil
            ? "; did you mean '\(suggestion ?? "")'?" : ": the units are \(known)"
    }
    field.error("\(field.name) must be \(words), found \(scalar.described)\(problem)", at: node.position)
    return nil
}

private let durationText: @Sendable (Duration) -> String = {
    Quantity.text($0.milliseconds, units: Quantity.durations)
}

private func durationWords(_ range: ClosedRange<Duration>) -> String {
    let bounds = [range.lowerBound, range.upperBound].map(durationText)
    return "a duration from \(bounds[0]) to \(bounds[1]), such as 10s"
}

private func durationSchema(or words: [String] = []) -> JSONLiteral {
    let pattern = "^([0-9]+(ms|s|m|h)|0|\(words.map { "\($0)|" }.joined()).*\\$\\{.*)$"
    return ["anyOf": [["type": "string", "pattern": .string(pattern)], ["const": 0]]]
}

/// In quotes where YAML would take the word for a number.
@Sendable private func choiceText(_ choice: some RawRepresentable<String>) -> String {
    choice.rawValue.first?.isNumber ?? false ? "\"\(choice.rawValue)\"" : choice.rawValue
}

/// The words, or a variable.
///
/// What looks like a number, such as a version, needs no quotes.
private func choiceSchema(_ names: [String]) -> JSONLiteral {
    let words: JSONLiteral = ["enum": .array(names.map { .string($0) })]
    let variable: JSONLiteral = ["type": "string", "pattern": "\\$\\{"]
    let number: JSONLiteral = ["type": "number"]
    let hasNumbers = names.contains { $0.first?.isNumber ?? false }
    return ["anyOf": .array([words, variable] + (hasNumbers ? [number] : []))]
}

extension JSONLiteral {
    /// A type that isn't text in YAML, or a text that holds a variable.
    static func typed(_ type: String, _ more: JSONLiteral = [:]) -> JSONLiteral {
        let own: JSONLiteral = ["type": .string(type)]
        return ["anyOf": [own.adding(more), ["type": "string", "pattern": "\\$\\{"]]]
    }
}
