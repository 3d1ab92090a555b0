import TLS

/// Who the client says it is: which `Authorization` a request carries, and to which host.
enum RequestCredentials {
    /// The configured headers with the one `Authorization` that applies: a bearer token given at run time goes before
    /// a configured header, and that before the user name in the URL.
    static func headers(
        configured: [(name: String, value: String)],
        bearerToken: String?,
        userInfo: String?
    ) -> [(name: String, value: String)] {
        if let bearerToken {
            return configured.filter { !isAuthorization($0.name) } + [("Authorization", "Bearer \(bearerToken)")]
        }
        guard let userInfo, !configured.contains(where: { isAuthorization($0.name) }) else { return configured }
        // RFC 7617 wants the colon, also without a password.
        let pair = userInfo.contains(":") ? userInfo : userInfo + ":"
        return configured + [("Authorization", "Basic \(Base64.encode(Array(pair.utf8)))")]
    }

    /// What may be sent to another host than the configured one.
    static func withoutCredentials(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        headers.filter { !isCredential($0.name) }
    }

    /// The parts of a request that must not show in a log: credentials, without the scheme's name before them.
    static func secrets(in headers: [(name: String, value: String)]) -> [String] {
        headers.filter { isCredential($0.name) }.flatMap { header in
            [header.value] + header.value.split(separator: " ").dropFirst().map(String.init)
        }
    }

    static func isCredential(_ name: String) -> Bool {
        ["authorization", "proxy-authorization", "cookie"].contains(name.lowercased())
    }

    private static func isAuthorization(_ name: String) -> Bool {
        name.lowercased() == "authorization"
    }
}
