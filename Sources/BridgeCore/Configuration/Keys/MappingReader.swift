/// Reads the known keys of one mapping, and reports the unknown ones.
struct MappingReader {
    /// Where the mapping's own key stands: what is missing inside is reported there.
    let position: Position
    let path: String
    let context: LoadingContext
    private let entries: [YAMLEntry]

    /// Reports the keys that `place` doesn't know.
    init(_ entries: [YAMLEntry], of place: Place, field: Field, position: Position) {
        self.entries = entries
        self.position = position
        path = field.path
        context = field.context
        for entry in entries where !place.keys.contains(where: { $0.name == entry.key }) {
            context.error(UnknownKey.message(for: entry.key, in: place, at: path), at: entry.keyPosition)
        }
    }

    /// The key's value; `nil` if it isn't there, or is wrong.
    func read<Value>(_ key: Key<Value>) -> Value? {
        guard let entry = entry(key.name) else { return nil }
        return key.type.read(entry.value, field(key.name))
    }

    /// Replaces the default by the key's value, where it is there and right.
    func read<Value>(_ key: Key<Value>, into value: inout Value) {
        if let found = read(key) {
            value = found
        }
    }

    func read<Value>(_ key: Key<Value>, into value: inout Value?) {
        if let found = read(key) {
            value = found
        }
    }

    func contains(_ name: String) -> Bool {
        entry(name) != nil
    }

    func entry(_ name: String) -> YAMLEntry? {
        entries.first { $0.key == name }
    }

    /// Where the key's value stands, else the mapping.
    func valuePosition(_ name: String) -> Position {
        entry(name)?.value.position ?? position
    }

    /// Where the key stands, else the mapping.
    func keyPosition(_ name: String) -> Position {
        entry(name)?.keyPosition ?? position
    }

    func field(_ name: String) -> Field {
        Field(path: path.isEmpty ? name : "\(path).\(name)", name: name, context: context)
    }

    func error(_ message: String, at position: Position? = nil) {
        context.error(message, at: position ?? self.position)
    }
}
