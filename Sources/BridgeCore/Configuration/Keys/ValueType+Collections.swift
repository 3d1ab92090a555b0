extension ValueType {
    /// A list of the given items.
    static func list<Item>(of item: ValueType<Item>, example: String, allowEmpty: Bool = true) -> ValueType<[Item]>
    where Value == [Item] {
        let words = "a list such as \(example)"
        return ValueType<[Item]>(
            words,
            schema: ["type": "array", "items": item.schema],
            write: { $0.isEmpty ? "[]" : "[ \($0.map(item.write).joined(separator: ", ")) ]" }
        ) { node, field in
            guard case .sequence(let nodes) = node.content else {
                if case .unusable = node.content { return nil }
                field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
                return nil
            }
            if nodes.isEmpty, !allowEmpty {
                field.error("\(field.name) must be \(words), found an empty list", at: node.position)
                return nil
            }
            let items = nodes.compactMap { item.read($0, field) }
            return items.count == nodes.count ? items : nil
        }
    }

    /// A mapping with the keys of `place`.
    ///
    /// Nothing behind the key is an empty mapping.
    static func mapping(
        _ place: @escaping @Sendable @autoclosure () -> Place,
        id: String,
        read: @escaping @Sendable (MappingReader) -> Value?
    ) -> Self {
        ValueType("a mapping", schema: .reference(id)) { node, field in
            let place = place()
            let example = "{ \(place.keys.prefix(2).map { "\($0.name): …" }.joined(separator: ", ")) }"
            guard
                let entries = entries(
                    of: node,
                    field,
                    suchAs: "\(field.name): \(example)",
                    isShown: !place.holdsSecrets
                )
            else { return nil }
            return read(MappingReader(entries, of: place, field: field, position: node.position))
        }
    }

    /// A mapping from names that the user chose to mappings with the keys of `place`.
    static func named<Item>(
        _ place: @escaping @Sendable @autoclosure () -> Place,
        id: String,
        read: @escaping @Sendable (String, MappingReader) -> Item?
    ) -> ValueType<[Item]> where Value == [Item] {
        let schema: JSONLiteral = [
            "type": ["object", "null"],
            "propertyNames": ["pattern": "^[A-Za-z0-9_-]{1,64}$"],
            "additionalProperties": .reference(id),
        ]
        return ValueType<[Item]>("a mapping of names", schema: schema) { node, field in
            let place = place()
            let example = "{ \(place.keys.first?.name ?? ""): … }"
            guard let entries = entries(of: node, field, suchAs: "\(field.name): { NAME: \(example) }") else {
                return nil
            }
            return entries.compactMap { entry in
                named(entry, place, field, example).flatMap { read(EntityName.shown(entry.key), $0) }
            }
        }
    }

    /// The mapping of one name.
    private static func named(_ entry: YAMLEntry, _ place: Place, _ field: Field, _ example: String) -> MappingReader? {
        let name = EntityName.shown(entry.key)
        if let problem = EntityName.problem(with: entry.key) {
            field.error("\(problem), in \(field.path)", at: entry.keyPosition)
        }
        if case .scalar(let scalar) = entry.value.content, !scalar.isNull,
            place.keys.contains(where: { $0.name == name })
        {
            field.error(
                "\(name) stands where a name was expected: indent it below one, as in 'NAME: \(example)'",
                at: entry.keyPosition
            )
            return nil
        }
        let inner = field.inside(name)
        guard let members = entries(of: entry.value, inner, suchAs: "\(name): \(example)") else { return nil }
        return MappingReader(members, of: place, field: inner, position: entry.keyPosition)
    }

    /// A mapping's entries; nothing is an empty mapping.
    private static func entries(
        of node: YAMLNode,
        _ field: Field,
        suchAs example: String,
        isShown: Bool = true
    ) -> [YAMLEntry]? {
        switch node.content {
        case .mapping(let entries):
            return entries
        case .scalar(let scalar) where scalar.isNull:
            return []
        case .unusable:
            return nil
        case .scalar, .sequence:
            let found = isShown ? ", found \(node.described)" : ""
            field.error(
                "\(field.name) must be a mapping such as '\(example)'\(found)",
                at: node.position
            )
            return nil
        }
    }
}

extension JSONLiteral {
    static func reference(_ id: String) -> JSONLiteral {
        ["$ref": .string("#/$defs/\(id)")]
    }
}

/// The names that users give to connections, brokers and routes.
enum EntityName {
    /// As it can stand in a message.
    static func shown(_ name: String) -> String {
        problem(with: name) == nil ? name : quoted(name)
    }

    static func problem(with name: String) -> String? {
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(isAllowed) else {
            return "the name \(quoted(name)) must be 1 to 64 of A-Z a-z 0-9 _ -"
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57, UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
