import TLS

/// A value of a YAML document with its place: aliases and merges expanded, `${NAME}` replaced.
struct YAMLNode {
    indirect enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// What is wrong with it has been said: whoever reads it stays silent.
        case unusable
    }

    var content: Content
    var position: Position
    /// A list or mapping that is written in brackets.
    var isFlow = false

    /// `key:` with nothing behind it, or `~`, or `null`.
    var isNull: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.isNull
    }

    /// What was found, for a message: `'yes'`, `the number 10`, `a list`.
    var described: String {
        switch content {
        case .scalar(let scalar): scalar.described
        case .sequence: "a list"
        case .mapping: "a mapping of keys"
        case .unusable: "something unusable"
        }
    }
}

/// One `key: value` of a mapping.
struct YAMLEntry {
    var key: String
    var keyPosition: Position
    var value: YAMLNode
}

/// A text as it stands in the document, after substitution.
struct YAMLScalar {
    var text: String
    /// Written without quotes and not as a block: `5`, `true` and nothing may then mean more than their text.
    var isPlain: Bool
    /// The variables that were replaced by the environment's values; `text` must then not be shown.
    var variables: [String] = []

    var isNull: Bool {
        isPlain && variables.isEmpty && ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// `true` or `false` as YAML 1.2 writes them.
    var bool: Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// A decimal number of JSON's form, for values that are compared with JSON.
    var number: JSONNumber? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first) else { return nil }
        return JSONNumber(text)
    }

    var described: String {
        if !variables.isEmpty {
            return "the value of \(variables.map { "${\($0)}" }.joined(separator: " and "))"
        }
        if isNull {
            return "nothing"
        }
        if isPlain, number != nil {
            return "the number \(text)"
        }
        return quoted(text)
    }
}

/// A text in quotes for a message: cut to what a line can hold, control characters escaped.
func quoted(_ text: String, limit: Int = 60) -> String {
    "'\(readable(text, limit: limit))'"
}
