/// What a close frame says (RFC 6455 5.5.1).
public struct CloseFrame: Sendable, Hashable {
    /// The most bytes of UTF-8 that a reason may have: what is left of a control frame's 125 after the code.
    public static let maximumReasonLength = 123

    /// Why the connection ends; `nil` when the frame was empty, which counts as 1005.
    public var code: CloseCode?
    /// The reason in the peer's words, often empty.
    ///
    /// Not for users; escape it before you log it.
    public var reason: String

    /// Makes the content of a close frame.
    ///
    /// A reason needs a code.
    public init(code: CloseCode?, reason: String = "") {
        self.code = code
        self.reason = reason
    }

    /// Reads a close frame's payload, all of it.
    init(payload: UnsafeRawBufferPointer) throws(ProtocolViolation) {
        guard !payload.isEmpty else {
            self.init(code: nil)
            return
        }
        guard payload.count >= 2 else { throw .truncatedCloseCode }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isAllowedOnWire else { throw .invalidCloseCode(code.rawValue) }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else { throw .invalidCloseReason }
        self.init(code: code, reason: String(decoding: reason, as: UTF8.self))
    }

    /// The payload to send: a reason that is too long is cut between characters.
    ///
    /// - Precondition: the code, if any, is allowed on the wire.
    var payload: ContiguousArray<UInt8> {
        guard let code else { return [] }
        precondition(code.isAllowedOnWire, "close code \(code.rawValue) may not be sent")
        var bytes: ContiguousArray<UInt8> = [UInt8(truncatingIfNeeded: code.rawValue >> 8)]
        bytes.append(UInt8(truncatingIfNeeded: code.rawValue))
        for scalar in reason.unicodeScalars {
            guard let encoded = UTF8.encode(scalar) else { continue }
            guard bytes.count - 2 + encoded.count <= Self.maximumReasonLength else { break }
            bytes.append(contentsOf: encoded)
        }
        return bytes
    }
}
