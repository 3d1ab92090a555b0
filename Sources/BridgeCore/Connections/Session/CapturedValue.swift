/// A value that a session takes out of a message.
enum CapturedValue {
    /// A string's text, or the JSON text of any other value; `nil` if there is none.
    ///
    /// Some protocols put a number before the JSON, as in `0{"sid":"x"}`: what stands before the first brace or bracket
    /// doesn't count.
    static func find(_ path: JSONPath, in payload: UnsafeRawBufferPointer) -> String? {
        guard let start = payload.firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }) else {
            return nil
        }
        let document = UnsafeRawBufferPointer(rebasing: payload[start...])
        guard case .found(let value) = JSONScanner.find(path, in: document) else { return nil }
        let text = value.text(in: document)
        guard value.kind == .escapedString else { return String(decoding: text, as: UTF8.self) }
        var decoder = JSONStringDecoder(text)
        var bytes: [UInt8] = []
        while let byte = decoder.next() { bytes.append(byte) }
        return decoder.isMalformed ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
