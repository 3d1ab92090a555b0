import TLS

/// The user's part of a request: the headers that anyone may see, and those that say who the client is.
struct RequestCredentials {
    /// Also sent where a redirect leads, as far as their names don't give them away as secret.
    private let plain: [(name: String, value: String)]
    /// For the configured server only.
    private let confidential: [(name: String, value: String)]
    /// The credentials in the URL's query.
    private let queried: [(name: String, value: String)]
    /// Secrets that are told later, in messages.
    let spoken: [String]

    /// The headers with the one `Authorization` that applies: a bearer token given at run time goes before the
    /// source's, that before a configured header, and that before the user name in the URL.
    init(
        configured: [(name: String, value: String)] = [],
        source: [(name: String, value: String)] = [],
        bearerToken: String? = nil,
        userInfo: String? = nil,
        path: String = "/",
        spoken: [String] = []
    ) {
        queried = Self.queryCredentials(in: path)
        self.spoken = spoken
        var confidential = source
        if let bearerToken {
            confidential = source.filter { !Self.isAuthorization($0.name) }
            confidential.append(("Authorization", "Bearer \(bearerToken)"))
        }
        let isSettled = confidential.contains { Self.isAuthorization($0.name) }
        plain = configured.filter { !isSettled || !Self.isAuthorization($0.name) }
        if let userInfo, !isSettled, !plain.contains(where: { Self.isAuthorization($0.name) }) {
            // RFC 7617 wants the colon, also without a password.
            let pair = userInfo.contains(":") ? userInfo : userInfo + ":"
            confidential.append(("Authorization", "Basic \(Base64.encode(Array(pair.utf8)))"))
        }
        self.confidential = confidential
    }

    /// What the configured server is sent.
    var headers: [(name: String, value: String)] { plain + confidential }

    /// What may be sent to another host than the configured one.
    var headersForOthers: [(name: String, value: String)] { plain.filter { !SecretName.matches($0.name) } }

    /// The bearer token or whatever else identifies the client.
    var authorization: String? { headers.first { Self.isAuthorization($0.name) }?.value }

    /// True where a bearer token identifies the client (RFC 6750, section 2.1), so that another may stand in for it.
    var isBearerToken: Bool { authorization?.lowercased().hasPrefix("bearer ") ?? false }

    private var secretHeaders: [(name: String, value: String)] {
        plain.filter { SecretName.matches($0.name) } + confidential
    }

    /// True where the request itself identifies us.
    var areInRequest: Bool { !secretHeaders.isEmpty || !queried.isEmpty }

    /// Their identity; `nil` if they don't identify us.
    var identity: RefusedCredentials.Identity? { .init(headers: secretHeaders + queried, spoken: spoken) }

    /// The values that must not show in a log: whole, and without the scheme's name before them.
    var secrets: [String] {
        secretHeaders.flatMap { header in
            [header.value] + header.value.split(separator: " ").dropFirst().map(String.init)
        }
    }

    private static func queryCredentials(in path: String) -> [(name: String, value: String)] {
        path.drop { $0 != "?" }.dropFirst().split(separator: "&").compactMap { pair in
            let name = pair.prefix { $0 != "=" }
            return SecretName.matches(name) ? (String(name), String(pair.dropFirst(name.count))) : nil
        }
    }

    private static func isAuthorization(_ name: String) -> Bool {
        name.lowercased() == "authorization"
    }
}
