internal import Yams

/// Turns Yams' nodes into ours: aliases and merge keys expanded within bounds, variables replaced, duplicates named.
struct YAMLTreeBuilder {
    static let maximumDepth = 64
    static let maximumNodes = 100_000

    private var substitution: EnvironmentSubstitution
    private var standIns: [String: String]
    private let lines: [Substring.UnicodeScalarView]
    private var nodes = 0
    /// What is wrong, but leaves the rest readable.
    private(set) var problems: [YAMLProblem] = []
    /// What came from variables whose names say that it is secret.
    private(set) var hiddenValues: [String] = []
    /// Of those variables, the ones whose values stand in quotes.
    private(set) var quotedVariables: [(variable: String, position: Position)] = []

    /// `text` is what the nodes were composed of.
    init(text: String, substitution: EnvironmentSubstitution, standIns: [String: String]) {
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(\.unicodeScalars)
        self.substitution = substitution
        self.standIns = standIns
    }

    mutating func build(_ root: Node) throws(YAMLProblem) -> YAMLNode {
        try build(root, depth: 1)
    }

    private mutating func build(_ node: Node, depth: Int) throws(YAMLProblem) -> YAMLNode {
        let position = node.position
        guard depth <= Self.maximumDepth else {
            throw YAMLProblem(position: position, message: "nested deeper than \(Self.maximumDepth) levels")
        }
        nodes += 1
        guard nodes <= Self.maximumNodes else {
            throw YAMLProblem(
                position: position,
                message: "with its aliases expanded the file has more than 100,000 values"
            )
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(content: content(of: scalar, at: position), position: position)
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            for item in sequence {
                items.append(try build(item, depth: depth + 1))
            }
            let content = usable(tag: sequence.tag, at: position) ? YAMLNode.Content.sequence(items) : .unusable
            return YAMLNode(content: content, position: position, isFlow: isBracket(at: position))
        case .mapping(let mapping):
            let entries = try entries(of: mapping, depth: depth)
            let content = usable(tag: mapping.tag, at: position) ? YAMLNode.Content.mapping(entries) : .unusable
            return YAMLNode(content: content, position: position, isFlow: isBracket(at: position))
        case .alias:
            return YAMLNode(content: .unusable, position: position)
        }
    }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) throws(YAMLProblem) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var merged: [YAMLEntry] = []
        var places: [String: Position] = [:]
        for (key, value) in mapping {
            let position = key.position
            guard case .scalar(let scalar) = key, let name = name(of: scalar) else {
                problems.append(YAMLProblem(position: position, message: "a key must be a plain name"))
                continue
            }
            let value = try build(value, depth: depth + 1)
            if let first = places.updateValue(position, forKey: name) {
                places[name] = first
                problems.append(
                    YAMLProblem(
                        position: max(first, position),
                        message: "the key \(quoted(name)) is already in line \(min(first, position).line): delete one"
                    )
                )
                continue
            }
            if name == "<<", scalar.style == .plain {
                merged += mergeEntries(from: value)
            } else {
                entries.append(YAMLEntry(key: name, keyPosition: position, value: value))
            }
        }
        for entry in merged where places.updateValue(entry.keyPosition, forKey: entry.key) == nil {
            entries.append(entry)
        }
        return entries
    }

    /// `<<: *base`, or a list of such: the earlier win.
    private mutating func mergeEntries(from value: YAMLNode) -> [YAMLEntry] {
        switch value.content {
        case .mapping(let entries):
            return entries
        case .sequence(let items):
            return items.flatMap { mergeEntries(from: $0) }
        case .scalar, .unusable:
            problems.append(
                YAMLProblem(position: value.position, message: "'<<' merges a mapping: write <<: *name of an anchor")
            )
            return []
        }
    }

    private func name(of key: Node.Scalar) -> String? {
        let name = standIns[key.string] ?? key.string
        return name.isEmpty ? nil : name
    }

    private mutating func content(of scalar: Node.Scalar, at position: Position) -> YAMLNode.Content {
        guard usable(tag: scalar.tag, at: position) else { return .unusable }
        let isPlain = scalar.style == .plain && scalar.tag.rawValue != Tag.Name.str.rawValue
        switch substitution.substitute(in: scalar.string) {
        case .success(let result):
            hiddenValues += result.secrets
            quotedVariables += result.quoted.map { (variable: $0, position: position) }
            return .scalar(YAMLScalar(text: result.text, isPlain: isPlain, variables: result.variables))
        case .failure(.unset(let name)):
            let message = "the environment variable \(name) isn't set: set it, or write ${\(name):-default}"
            problems.append(YAMLProblem(position: position, message: message))
        case .failure(.malformed):
            let message = "'${' must name a variable, as in ${NAME} or ${NAME:-default}; write $${ for the text '${'"
            problems.append(YAMLProblem(position: position, message: message))
        }
        return .unusable
    }

    /// Whether a list or mapping that begins here is written in brackets; Yams doesn't tell.
    private func isBracket(at position: Position) -> Bool {
        guard lines.indices.contains(position.line - 1) else { return false }
        let first = lines[position.line - 1].dropFirst(position.column - 1).first
        return first == "{" || first == "["
    }

    /// Tags mean nothing here, but YAML's own for texts, lists and mappings.
    private mutating func usable(tag: Tag, at position: Position) -> Bool {
        let name = tag.rawValue
        if name.isEmpty || name == "!" || name.hasPrefix("tag:yaml.org,2002:") {
            return true
        }
        problems.append(
            YAMLProblem(
                position: position,
                // Not shown: a password may begin so.
                message: "a tag means nothing here; put quotes around text that begins with '!'"
            )
        )
        return false
    }
}

extension Node {
    fileprivate var position: Position {
        mark.map { Position($0) } ?? Position(line: 1, column: 1)
    }
}
