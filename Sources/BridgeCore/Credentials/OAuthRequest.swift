import TLS

/// The request for a token (RFC 6749, sections 2.3.1 and 4.4.2).
struct OAuthRequest: Sendable, Equatable {
    /// `application/x-www-form-urlencoded`.
    var body: String
    /// `Authorization`, where the client identifies itself there.
    var authorization: String?
    /// What of it must show nowhere.
    var secrets: [String]

    init(_ configuration: OAuthConfiguration, secret: String) {
        var fields = [("grant_type", "client_credentials")]
        if let scope = configuration.scope { fields.append(("scope", scope)) }
        if let audience = configuration.audience { fields.append(("audience", audience)) }
        secrets = [secret]
        switch configuration.authStyle {
        case .basic:
            let pair = "\(Self.encoded(configuration.clientID)):\(Self.encoded(secret))"
            let base64 = Base64.encode(Array(pair.utf8))
            authorization = "Basic \(base64)"
            secrets.append(base64)
        case .body:
            fields += [("client_id", configuration.clientID), ("client_secret", secret)]
        }
        body = fields.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
    }

    /// As a form's field is written (WHATWG URL, section 5).
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "*"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "):
                encoded += "+"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}
