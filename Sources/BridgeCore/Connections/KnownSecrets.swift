/// The secret values of a connection that can be known when it is made, to hide them in what is shown of messages.
enum KnownSecrets {
    static func values(of connection: ConnectionConfiguration) -> [String] {
        var secrets = connection.headers.filter(\.isSecret).map(\.value)
        if let token = connection.bearerToken { secrets.append(token) }
        if let userInfo = connection.endpoint.userInfo { secrets.append(userInfo) }
        let values = secrets.compactMap { try? SecretReader.read($0) }
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
}
