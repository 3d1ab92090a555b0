import WSClient

/// The use of a secret, which decides what it may hold.
///
/// Judged where the secret is written, in its file before a gateway starts, and in the file again at each use.
package enum SecretUse: Sendable, Hashable {
    /// Becomes part of a text that takes anything.
    case text
    /// Becomes a header's value, or a part of one, such as a password.
    case header
    /// Stands behind `Bearer`: printable ASCII without blanks, a little more than RFC 6750, section 2.1, has.
    case bearerToken
    /// The user's name of basic authentication, which ends at its first colon (RFC 7617, section 2).
    case basicUsername
    /// A cookie's value (RFC 6265, section 4.1.1).
    case cookie
    /// The password for a broker (MQTT 5, section 3.1.3.6).
    case mqttPassword
    /// The password for a SOCKS5 proxy (RFC 1929, section 2).
    case socks5Password

    /// The fault of a value, without showing it; `nil` if there is none.
    package func problem(with value: String) -> String? {
        switch self {
        case .text:
            return nil
        case .header:
            return HeaderText.problem(with: value)
        case .bearerToken:
            if let problem = HeaderText.problem(with: value) { return problem }
            return value.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                ? nil : "holds a blank, or what is no ASCII: write the token alone, without 'Bearer'"
        case .basicUsername:
            return HeaderText.problem(with: value) ?? (value.contains(":") ? "holds a ':', which ends it" : nil)
        case .cookie:
            return Self.isCookieValue(value)
                ? nil
                : "holds a space, a comma, a semicolon, a quote, a backslash or what is no ASCII letter, digit or sign: "
                    + "a cookie's value can't; percent-encode it if the server expects that"
        case .mqttPassword:
            if value.utf8.contains(0) { return "holds a NUL, at which libmosquitto would cut it" }
            return value.utf8.count > TopicText.maximumLength ? "is longer than 65,535 bytes" : nil
        case .socks5Password:
            return value.utf8.count > 255 ? "is longer than the 255 bytes that SOCKS5 can carry" : nil
        }
    }

    private static func isCookieValue(_ value: String) -> Bool {
        var bytes = Array(value.utf8)[...]
        if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            bytes = bytes.dropFirst().dropLast()
        }
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
            default: false
            }
        }
    }
}
