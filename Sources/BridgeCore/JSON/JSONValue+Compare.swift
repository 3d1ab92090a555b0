extension JSONValue {
    /// Whether the value is a string of exactly these bytes.
    package func equals(_ bytes: UnsafeRawBufferPointer, in document: UnsafeRawBufferPointer) -> Bool {
        let text = text(in: document)
        switch kind {
        case .string:
            guard text.count == bytes.count else { return false }
            for index in 0..<bytes.count where text[index] != bytes[index] { return false }
            return true
        case .escapedString:
            // No escape is shorter than what it stands for.
            guard text.count > bytes.count else { return false }
            var decoder = JSONStringDecoder(text)
            for byte in bytes where decoder.next() != byte { return false }
            return decoder.next() == nil && !decoder.isMalformed
        default: return false
        }
    }

    /// The value as a number; `nil` where it isn't one.
    package func number(in document: UnsafeRawBufferPointer) -> JSONNumber? {
        kind == .number ? JSONNumber(text(in: document)) : nil
    }
}
