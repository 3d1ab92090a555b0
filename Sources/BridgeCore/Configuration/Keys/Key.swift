/// One key of the configuration: the decoder, the reference documentation and the schema all read it here.
struct Key<Value>: Sendable {
    var name: String
    var type: ValueType<Value>
    /// As it would be written in the file, or in words; empty = there is none.
    var defaultText: String
    /// The text is a value that could stand in the file.
    var defaultIsValue: Bool
    var meaning: String

    init(_ name: String, _ type: ValueType<Value>, default fallback: KeyDefault<Value>, _ meaning: String) {
        self.name = name
        self.type = type
        switch fallback {
        case .words(let words): (defaultText, defaultIsValue) = (words, false)
        case .value(let value): (defaultText, defaultIsValue) = (type.write(value), true)
        }
        self.meaning = meaning
    }

    var described: KeyDescription {
        KeyDescription(
            name: name,
            words: type.words,
            schema: type.schema,
            defaultText: defaultText,
            defaultIsValue: defaultIsValue,
            meaning: meaning
        )
    }
}

/// A key without its Swift type.
struct KeyDescription: Sendable {
    var name: String
    /// What its value is: `a duration such as 10s`.
    var words: String
    var schema: JSONLiteral
    var defaultText: String
    var defaultIsValue = false
    var meaning: String
}

/// What a value of the configuration may be, and how it is read.
struct ValueType<Value>: Sendable {
    /// Fits into `key must be …`.
    var words: String
    var schema: JSONLiteral
    /// Reports what is wrong and returns `nil`.
    var read: @Sendable (YAMLNode, Field) -> Value?
    /// The value as it would be written in the file: the text of a default.
    var write: @Sendable (Value) -> String

    init(
        _ words: String,
        schema: JSONLiteral,
        write: @escaping @Sendable (Value) -> String = { "\($0)" },
        read: @escaping @Sendable (YAMLNode, Field) -> Value?
    ) {
        self.words = words
        self.schema = schema
        self.read = read
        self.write = write
    }

    func map<Other>(_ transform: @escaping @Sendable (Value, YAMLNode, Field) -> Other?) -> ValueType<Other> {
        let read = read
        return ValueType<Other>(words, schema: schema) { node, field in
            read(node, field).flatMap { transform($0, node, field) }
        }
    }
}

/// A value's place in the configuration while it is read, and where findings go.
struct Field {
    /// `connections.cloud.keep_alive.interval`.
    var path: String
    /// The key, or the position in a list: what a message calls it.
    var name: String
    var context: LoadingContext

    func error(_ message: String, at position: Position) {
        context.error(message, at: position)
    }

    func inside(_ key: String) -> Field {
        Field(path: path.isEmpty ? key : "\(path).\(key)", name: key, context: context)
    }
}

/// A mapping that the configuration knows, with the keys that may stand in it.
struct Place: Sendable {
    /// Its name in the schema.
    var id: String
    /// Where it stands: `connections.NAME`.
    var path: String
    var meaning: String
    var keys: [KeyDescription]
    /// Things that stand there by mistake may be secrets, and are not shown.
    var holdsSecrets: Bool

    init(id: String, path: String, meaning: String, holdsSecrets: Bool = false, keys: [KeyDescription]) {
        self.id = id
        self.path = path
        self.meaning = meaning
        self.holdsSecrets = holdsSecrets
        self.keys = keys
    }
}
