internal import Yams

extension YAMLProblem {
    /// The parser's complaint in words that say what to do.
    ///
    /// Never with text of the file: it may be a secret.
    init(_ error: YamlError, text: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            self.init(problem: problem, context: context, position: Position(mark), text: text)
        case .composer(_, let problem, let mark, _):
            self.init(problem: problem, context: nil, position: Position(mark), text: text)
        case .reader(let problem, _, _, _):
            self.init(position: Position(line: 1, column: 1), message: problem)
        default:
            self.init(position: Position(line: 1, column: 1), message: "this is no YAML")
        }
    }

    private init(problem: String, context: YamlError.Context?, position: Position, text: String) {
        let line = YAMLProblem.line(position.line, of: text)
        if let tab = YAMLProblem.tabInIndentation(of: line) {
            self.init(
                position: Position(line: position.line, column: tab),
                message: "a tab can't indent YAML: use spaces"
            )
            return
        }
        let isInQuotes = context?.text.contains("quoted scalar") ?? false
        if isInQuotes, problem.contains("unexpected"), let context {
            self.init(position: Position(context.mark), message: "the quotes that begin here are never closed")
            return
        }
        var message = YAMLProblem.explanation(of: problem)
        if let context, context.text.contains("flow"), context.mark.line != position.line {
            message += "; the bracket that is still open is in line \(context.mark.line)"
        }
        if context?.text.contains("flow") ?? false, line.contains("${") {
            message += "; put quotes around ${…} inside { } and [ ]"
        }
        self.init(position: position, message: message)
    }

    private static func explanation(of problem: String) -> String {
        for (part, explanation) in explanations where problem.contains(part) {
            return explanation
        }
        return "this is no YAML: \(problem)"
    }

    private static let explanations: [(String, String)] = [
        ("found another document", "a second document begins here: one file holds one; delete the '---'"),
        (
            "mapping values are not allowed",
            "a ':' where no key can be: put quotes around text that holds ': ', "
                + "and check the indentation"
        ),
        (
            "found undefined alias",
            "an alias to an anchor that isn't defined above: put quotes around text that "
                + "begins with '*'"
        ),
        ("could not find expected ':'", "there is no ':' behind the key above"),
        ("did not find expected key", "a key was expected here: check the indentation and the quotes above"),
        ("did not find expected '-' indicator", "a list item ('- ') was expected here: check the indentation"),
        ("did not find expected ',' or '}'", "a ',' or '}' was expected here"),
        ("did not find expected ',' or ']'", "a ',' or ']' was expected here"),
        ("block sequence entries are not allowed", "a '- ' can't stand here: list items begin on a line of their own"),
        ("cannot start any token", "this character can't begin a text: put quotes around the text"),
        ("Maximum nesting level", "the file is nested deeper than \(YAMLTreeBuilder.maximumDepth) levels"),
        (
            "did not find expected alphabetic or numeric character",
            "an anchor or alias without a name: put quotes "
                + "around text that begins with '*' or '&'"
        ),
        (
            "unknown escape character",
            "this escape is unknown: in double quotes write \\\\ for a backslash, or use "
                + "single quotes"
        ),
        ("did not find expected <document start>", "a key was expected here: check the indentation"),
        ("did not find expected node content", "a value was expected here"),
        ("undefined tag handle", "put quotes around text that begins with '!'"),
    ]

    private static func line(_ number: Int, of text: String) -> Substring {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    /// The column of a tab before the line's first other character.
    private static func tabInIndentation(of line: Substring) -> Int? {
        let indentation = line.prefix { $0 == " " || $0 == "\t" }
        return indentation.firstIndex(of: "\t").map { indentation.distance(from: indentation.startIndex, to: $0) + 1 }
    }
}

extension Position {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}
