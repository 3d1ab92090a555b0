/// Tells by a JSON path which messages are of one kind, so that only the last is kept.
struct ConflationKey {
    private let path: JSONPath

    /// - Throws: `JSONPathError` for what the configuration's check should have refused.
    init(_ text: String) throws(JSONPathError) {
        path = try JSONPath(text)
    }

    /// `nil` = the message has no such value, and is a kind of its own.
    func key(of payload: UnsafeRawBufferPointer) -> [UInt8]? {
        guard case .found(let value) = JSONScanner.find(path, in: payload) else { return nil }
        var key: [UInt8] = [value.kind == .escapedString ? JSONValue.Kind.string.rawValue : value.kind.rawValue]
        let text = value.text(in: payload)
        if value.kind == .escapedString, let decoded = JSONStringDecoder.decode(ContiguousArray(text)) {
            key.append(contentsOf: decoded)
        } else {
            key.append(contentsOf: text)
        }
        return key
    }
}
