import TLS
import WSClient

/// The secret values of a connection, to hide them in what is shown of messages.
enum KnownSecrets {
    /// The connection's own, and the `hidden` ones that are known to be secret from elsewhere.
    static func values(of connection: ConnectionConfiguration, hidden: [Secret] = []) -> [String] {
        var secrets = connection.headers.filter(\.isConfidential).map(\.value) + hidden
        if let token = connection.bearerToken { secrets.append(token) }
        if let userInfo = connection.endpoint.userInfo { secrets.append(.literal(userInfo)) }
        if let basic = connection.basicAuth { secrets.append(basic.password) }
        if let oauth = connection.oauth2 { secrets.append(oauth.clientSecret) }
        secrets += connection.cookies.map(\.value)
        let variables = (connection.session?.variables ?? []).compactMap { try? SecretReader.read($0.value) }
        let values =
            secrets.compactMap { try? SecretReader.read($0) }
            + variables.filter { $0.utf8.count >= EnvironmentSubstitution.shortestSecret }
        let paths = [connection.endpoint.path, connection.oauth2?.tokenEndpoint.url.path].compactMap { $0 }
        return withParts(values) + subprotocols(connection.subprotocols) + paths.flatMap(queryValues)
            + pair(connection.basicAuth)
            + ProxySecrets.values(of: connection)
    }

    /// User and password, as they are sent in base64.
    private static func pair(_ basic: BasicAuthConfiguration?) -> [String] {
        guard let basic, let name = try? SecretReader.read(basic.username),
            let password = try? SecretReader.read(basic.password)
        else { return [] }
        return ["\(name):\(password)"]
    }

    /// A broker's own.
    static func values(of broker: BrokerConfiguration) -> [String] {
        broker.password.flatMap { try? SecretReader.read($0) }.map { [$0] } ?? []
    }

    /// The values, and those parts of them that say something by themselves.
    static func withParts(_ values: [String]) -> [String] { values + values.flatMap(parts) }

    /// A header says `Bearer abc`, a cookie `session=abc; theme=dark`, user information `anna:abc`; a message may say
    /// `abc`: the parts count by themselves too.
    private static func parts(of value: String) -> [String] {
        value.split(separator: ";").flatMap { piece in
            let words = piece.split(separator: " ")
            let named = piece.drop { $0 != "=" && $0 != ":" }.dropFirst()
            return (words.dropFirst() + [named]).map(String.init)
        }
    }

    /// Some servers take a token as a subprotocol, which says so itself or stands behind a name that does.
    private static func subprotocols(_ names: [String]) -> [String] {
        zip(names, [""] + names).filter { name, before in
            SecretName.matches(name) || SecretName.matches(before) || before.lowercased() == "bearer"
        }.map(\.0)
    }

    /// The values of a query, by whatever name or none: as written, and decoded as URLs and as forms do.
    static func queryValues(in path: String) -> [String] {
        guard let query = path.split(separator: "?", maxSplits: 1).dropFirst().first else { return [] }
        return query.split(separator: "&").flatMap { pair -> [String] in
            let value = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).last ?? pair
            // The protocol's own name, as Socket.IO asks for, is part of our own words.
            guard value != "websocket" else { return [] }
            return [String(value)] + [value, value.replacing("+", with: " ")].compactMap(PercentEncoding.decoded)
        }
    }
}
