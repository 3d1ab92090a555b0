import NIOCore
import TLS

/// A token that says something of itself (RFC 7519).
///
/// Only its expiry is read, and nothing is verified: that is the server's business.
enum JSONWebToken {
    private static let maximumSize = 64 << 10

    /// The `exp` of a token that is a JWT.
    static func expiry(of token: String) -> NIODeadline? {
        guard let seconds = expirySeconds(of: token) else { return nil }
        let left = seconds * 1000 - Double(Timestamp.now().milliseconds)
        // Beyond a hundred years it is no date.
        guard abs(left) < 3.2e12 else { return nil }
        return .now() + .milliseconds(Int64(left))
    }

    /// Seconds since 1970.
    static func expirySeconds(of token: String) -> Double? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, token.utf8.count <= maximumSize, let claims = decoded(parts[1]),
            let path = try? JSONPath("$.exp")
        else { return nil }
        return claims.withUnsafeBytes { document in
            guard case .found(let value) = JSONScanner.find(path, in: document), value.kind == .number else {
                return nil
            }
            let seconds = Double(String(decoding: value.text(in: document), as: UTF8.self))
            return seconds.flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// Base64url without padding (RFC 7515, section 2).
    private static func decoded(_ text: Substring) -> [UInt8]? {
        var base64 = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        return Base64.decode(base64)
    }
}
