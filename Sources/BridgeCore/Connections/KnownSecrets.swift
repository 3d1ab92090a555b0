/// The secret values of a connection as they are now, to hide them in what is shown of messages.
enum KnownSecrets {
    /// The connection's own, and the `hidden` ones that are known to be secret from elsewhere.
    static func values(of connection: ConnectionConfiguration, hidden: [Secret] = []) -> [String] {
        var secrets = connection.headers.filter(\.isSecret).map(\.value) + hidden
        if let token = connection.bearerToken { secrets.append(token) }
        if let userInfo = connection.endpoint.userInfo { secrets.append(userInfo) }
        let values =
            secrets.compactMap { try? SecretReader.read($0) } + queryValues(in: connection.endpoint.path)
            + ProxySecrets.values(of: connection)
        return values + values.flatMap(parts)
    }

    /// A header says `Bearer abc`, a cookie `session=abc; theme=dark`, user information `anna:abc`; a message may say
    /// `abc`: the parts count by themselves too.
    private static func parts(of value: String) -> [String] {
        value.split(separator: ";").flatMap { piece in
            let words = piece.split(separator: " ")
            let named = piece.drop { $0 != "=" && $0 != ":" }.dropFirst()
            return (words.dropFirst() + [named]).map(String.init)
        }
    }

    /// What a query gives to a name such as `token` or `api_key`; `channel=trades` may be shown.
    private static func queryValues(in path: String) -> [String] {
        guard let query = path.split(separator: "?", maxSplits: 1).dropFirst().first else { return [] }
        return query.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, EnvironmentSubstitution.isSecret(String(parts[0])) else { return nil }
            return String(parts[1])
        }
    }
}
