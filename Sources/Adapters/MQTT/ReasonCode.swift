/// A reason code of MQTT 5 (section 2.4), as CONNACK, PUBACK, PUBREC, SUBACK and DISCONNECT carry it.
struct ReasonCode: Equatable, Hashable, Sendable, CustomStringConvertible {
    var value: UInt8

    /// 0x80 and above.
    var isFailure: Bool { value >= 0x80 }

    /// The code of MQTT 5 for a CONNACK return code of 3.1.1 (section 3.2.2.3 there).
    init(connackOf311 value: UInt8) {
        switch value {
        case 0: self.value = 0
        case 1: self.value = 0x84
        case 2: self.value = 0x85
        case 3: self.value = 0x88
        case 4: self.value = 0x86
        case 5: self.value = 0x87
        default: self.value = 0x80
        }
    }

    init(_ value: UInt8) {
        self.value = value
    }

    var description: String {
        guard isFailure else { return "success" }
        return Self.words[value] ?? "unknown reason code \(value)"
    }

    /// What the operator can do about a refused connection; `nil` where the word says it all.
    var advice: String? {
        switch value {
        case 0x84: "set protocol_version to what the server speaks, such as \"3.1.1\""
        case 0x85: "set another client_id"
        case 0x86: "check username and password"
        case 0x87: "check username, password and the server's access rules"
        case 0x8A: "the server bans this client"
        case 0x8E: "another client uses the same client_id"
        case 0x95: "a message is larger than the server accepts"
        case 0x9C, 0x9D: "the server wants clients elsewhere: change url"
        default: nil
        }
    }

    var withAdvice: String { advice.map { "\(self); \($0)" } ?? description }

    /// True if a DISCONNECT with it is about a message that the server got: not authorised, topic name invalid, packet too
    /// large, quota exceeded, payload format invalid, retain or QoS not supported.
    var isAboutAMessage: Bool {
        switch value {
        case 0x87, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B: true
        default: false
        }
    }

    /// True where the server ends the connection for its own sake, or the client's, and not over what it got.
    var isAboutTheServer: Bool {
        switch value {
        case 0x88, 0x89, 0x8B, 0x8D, 0x8E, 0x98, 0x9C, 0x9D, 0x9F, 0xA0: true
        default: false
        }
    }

    /// Whether another attempt soon makes sense, or a person has to put something right first.
    var needsAPerson: Bool {
        switch value {
        case 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x90, 0x95, 0x9A, 0x9B, 0x9C, 0x9D: true
        default: false
        }
    }

    private static let words: [UInt8: String] = [
        0x80: "unspecified error",
        0x81: "malformed packet",
        0x82: "protocol error",
        0x83: "implementation specific error",
        0x84: "unsupported protocol version",
        0x85: "client identifier not valid",
        0x86: "bad user name or password",
        0x87: "not authorised",
        0x88: "server unavailable",
        0x89: "server busy",
        0x8A: "banned",
        0x8B: "server shutting down",
        0x8C: "bad authentication method",
        0x8D: "keep-alive timeout",
        0x8E: "session taken over",
        0x8F: "topic filter invalid",
        0x90: "topic name invalid",
        0x91: "packet identifier in use",
        0x92: "packet identifier not found",
        0x93: "receive maximum exceeded",
        0x94: "topic alias invalid",
        0x95: "packet too large",
        0x96: "message rate too high",
        0x97: "quota exceeded",
        0x98: "administrative action",
        0x99: "payload format invalid",
        0x9A: "retain not supported",
        0x9B: "QoS not supported",
        0x9C: "use another server",
        0x9D: "server moved",
        0x9E: "shared subscriptions not supported",
        0x9F: "connection rate exceeded",
        0xA0: "maximum connect time",
        0xA1: "subscription identifiers not supported",
        0xA2: "wildcard subscriptions not supported",
    ]
}
