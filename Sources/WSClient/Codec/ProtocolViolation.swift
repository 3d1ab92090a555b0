/// A rule of RFC 6455, or a limit of ours, that the peer broke: the connection is failed (RFC 6455 7.1.7).
///
/// `CloseCode(violation)` says with which code.
public enum ProtocolViolation: Error, Sendable, Hashable {
    /// The server masked a frame (5.1).
    case maskedServerFrame
    /// The client didn't mask a frame (5.1); only a decoder in the server's role sees it.
    case unmaskedClientFrame
    /// A reserved bit is set and no extension gives it a meaning (5.2). The payload holds RSV1 to RSV3 as 4, 2, 1.
    case reservedBits(UInt8)
    /// An opcode that isn't defined (5.2).
    case unknownOpcode(UInt8)
    /// A control frame declares more than 125 bytes (5.5).
    case controlFrameTooLong
    /// A control frame that isn't final (5.5).
    case fragmentedControlFrame
    /// A continuation frame without a message to continue (5.4).
    case unexpectedContinuation
    /// A new message began before the one under way was complete (5.4).
    case interruptedMessage
    /// A length in more bytes than it needs (5.2).
    case nonMinimalLength
    /// A 64-bit length with the most significant bit set (5.2).
    case lengthOutOfRange
    /// A text message isn't valid UTF-8 (8.1).
    case invalidText
    /// A close frame of one byte, which can't hold a code (5.5.1).
    case truncatedCloseCode
    /// A close code that may not be on the wire (7.4).
    case invalidCloseCode(UInt16)
    /// A close reason that isn't valid UTF-8 (8.1).
    case invalidCloseReason
    /// The declared length, on top of the fragments before, is above the limit in bytes.
    case messageTooLarge(declared: UInt64, limit: Int)
    /// A compressed message that inflates to more bytes than the limit.
    case inflatedTooLarge(limit: Int)
    /// A compressed message that inflates to more than so many times its size.
    case inflatedTooMuch(ratio: Int)
    /// A compressed message that is no deflate stream, or that ends within one (RFC 7692, section 7.2.2).
    case invalidCompression
    /// A message in more frames than the limit.
    case tooManyFragments(limit: Int)
}

extension ProtocolViolation: CustomStringConvertible {
    /// What the peer did, in a sentence for a log and for the close frame's reason (at most 123 bytes).
    public var description: String {
        switch self {
        case .maskedServerFrame:
            "the server sent a masked frame"
        case .unmaskedClientFrame:
            "the client sent a frame without a mask"
        case .reservedBits(let bits):
            "reserved bits are set (\(bits)) where no extension gives them a meaning"
        case .unknownOpcode(let opcode):
            "a frame has the unknown opcode \(opcode)"
        case .controlFrameTooLong:
            "a control frame declares more than 125 bytes"
        case .fragmentedControlFrame:
            "a control frame is fragmented"
        case .unexpectedContinuation:
            "a continuation frame came without a message to continue"
        case .interruptedMessage:
            "a new message began before the fragmented one was complete"
        case .nonMinimalLength:
            "a frame's length is encoded in more bytes than needed"
        case .lengthOutOfRange:
            "a frame's 64-bit length has the most significant bit set"
        case .invalidText:
            "a text message is not valid UTF-8"
        case .truncatedCloseCode:
            "a close frame has one byte, too few for a code"
        case .invalidCloseCode(let code):
            "a close frame has the code \(code), which may not be sent"
        case .invalidCloseReason:
            "a close frame's reason is not valid UTF-8"
        case .messageTooLarge(let declared, let limit):
            "a message declares \(declared) bytes, above the limit of \(limit)"
        case .inflatedTooLarge(let limit):
            "a compressed message inflates to more than the limit of \(limit) bytes"
        case .inflatedTooMuch(let ratio):
            "a compressed message inflates to more than \(ratio) times its size"
        case .invalidCompression:
            "a compressed message is not a whole deflate stream"
        case .tooManyFragments(let limit):
            "a message has more than \(limit) fragments"
        }
    }
}
