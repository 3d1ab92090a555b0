/// Why a WebSocket connection ends, as a number in the close frame (RFC 6455 7.4 and the IANA registry behind it).
public struct CloseCode: RawRepresentable, Sendable, Hashable {
    /// The number as it is on the wire.
    public var rawValue: UInt16

    /// Makes a code of any number, also one that may not be sent.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose is fulfilled.
    public static let normalClosure = CloseCode(rawValue: 1000)
    /// 1001: the server shuts down, or the client leaves.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the peer broke the protocol.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: a kind of data that the receiver can't take, such as binary where only text is understood.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1005: the close frame carried no code.
    ///
    /// Never on the wire.
    public static let noStatusReceived = CloseCode(rawValue: 1005)
    /// 1006: the TCP connection ended without a close frame.
    ///
    /// Never on the wire.
    public static let abnormalClosure = CloseCode(rawValue: 1006)
    /// 1007: the payload doesn't fit the message's kind, such as text that isn't UTF-8.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: a message that the receiver's policy doesn't allow.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a message that is too big to process.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1010: the server didn't agree to an extension that the client can't do without.
    public static let mandatoryExtension = CloseCode(rawValue: 1010)
    /// 1011: the server met a condition that it didn't expect.
    public static let internalError = CloseCode(rawValue: 1011)
    /// 1012: the server restarts.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// 1013: the server is overloaded; try again later.
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    /// 1014: a gateway got an invalid answer from the server behind it.
    public static let badGateway = CloseCode(rawValue: 1014)
    /// 1015: the TLS handshake failed.
    ///
    /// Never on the wire.
    public static let tlsHandshake = CloseCode(rawValue: 1015)

    /// Whether a close frame may carry this code, in either direction (RFC 6455 7.4.1 and 7.4.2).
    ///
    /// 1004 is reserved without a meaning, 1005, 1006 and 1015 are for local use only, 1016 to 2999 are not assigned,
    /// and nothing is defined below 1000 or above 4999. 3000 to 4999 belong to libraries and applications.
    public var isAllowedOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// The code to fail a connection with, after the peer broke the rule (RFC 6455 7.1.7).
    public init(_ violation: ProtocolViolation) {
        switch violation {
        case .maskedServerFrame, .unmaskedClientFrame, .reservedBits, .unknownOpcode, .controlFrameTooLong,
            .fragmentedControlFrame, .unexpectedContinuation, .interruptedMessage, .nonMinimalLength,
            .lengthOutOfRange, .truncatedCloseCode, .invalidCloseCode:
            self = .protocolError
        case .invalidText, .invalidCloseReason, .invalidCompression:
            self = .invalidPayload
        case .messageTooLarge, .inflatedTooLarge, .inflatedTooMuch, .tooManyFragments:
            self = .messageTooBig
        }
    }
}

extension CloseCode: CustomStringConvertible {
    /// The number, and its meaning where it has one.
    public var description: String {
        guard let meaning else { return "\(rawValue)" }
        return "\(rawValue) (\(meaning))"
    }

    private var meaning: String? {
        switch self {
        case .normalClosure: "normal closure"
        case .goingAway: "going away"
        case .protocolError: "protocol error"
        case .unsupportedData: "unsupported data"
        case .noStatusReceived: "no status received"
        case .abnormalClosure: "abnormal closure"
        case .invalidPayload: "invalid payload"
        case .policyViolation: "policy violation"
        case .messageTooBig: "message too big"
        case .mandatoryExtension: "mandatory extension"
        case .internalError: "internal error"
        case .serviceRestart: "service restart"
        case .tryAgainLater: "try again later"
        case .badGateway: "bad gateway"
        case .tlsHandshake: "TLS handshake"
        default: nil
        }
    }
}
