/// An event packet of Socket.IO 5: `42["name",…]`, `42/admin,["name",…]`, `4217["name",…]` with a number that asks for an
/// acknowledgement.
package struct SocketIOPacket: Sendable, Hashable {
    /// What routes see of an event.
    package enum Unwrap: String, Sendable, Hashable, CaseIterable {
        /// The array: `["name",…]`.
        case event
        /// What stands behind the name: the first argument.
        case data
        /// The packet as it came.
        case none
    }

    let namespace: String
    let unwrap: Unwrap

    /// A packet's type and namespace.
    static func prefix(of type: String, in namespace: String) -> String {
        namespace == "/" ? type : "\(type)\(namespace),"
    }

    private static let firstArgument = try? JSONPath("$[1]")

    /// The entry of the event within its packet.
    ///
    /// Any other packet stays as it is, and so does an event without the wanted part.
    func unwrap(_ entry: MessageBatch.Entry, in bytes: UnsafeRawBufferPointer) -> MessageBatch.Entry {
        guard unwrap != .none, entry.kind == .text else { return entry }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[entry.payload])
        var start = 0
        for expected in Self.prefix(of: "42", in: namespace).utf8 {
            guard start < payload.count, payload[start] == expected else { return entry }
            start += 1
        }
        while start < payload.count, (48...57).contains(payload[start]) { start += 1 }
        guard start < payload.count, payload[start] == UInt8(ascii: "[") else { return entry }
        var inner = start..<payload.count
        if unwrap == .data {
            let event = UnsafeRawBufferPointer(rebasing: payload[inner])
            guard let path = Self.firstArgument, case .found(let value) = JSONScanner.find(path, in: event) else {
                return entry
            }
            // A string's quotes are no part of its range, but of its JSON.
            let isString = value.kind == .string || value.kind == .escapedString
            let range = isString ? value.range.lowerBound - 1..<value.range.upperBound + 1 : value.range
            inner = start + range.lowerBound..<start + range.upperBound
        }
        var content = entry
        content.payloadOffset = entry.payloadOffset + UInt32(truncatingIfNeeded: inner.lowerBound)
        content.payloadLength = UInt32(truncatingIfNeeded: inner.count)
        return content
    }
}
