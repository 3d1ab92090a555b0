import FoundationEssentials
package import NIOCore

/// Status values as JSON text.
package enum StatusEncoder {
    package static func json(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Our own types hold nothing that JSON can't: only non-finite numbers would fail.
        guard let data = try? encoder.encode(value) else { return ByteBuffer(string: "{}") }
        return ByteBuffer(bytes: data)
    }
}
