/// The secret values of a connection that can be known when it is made, to hide them in what is shown of messages.
enum KnownSecrets {
    static func values(of connection: ConnectionConfiguration) -> [String] {
        var secrets = connection.headers.filter(\.isSecret).map(\.value)
        if let token = connection.bearerToken { secrets.append(token) }
        if let userInfo = connection.endpoint.userInfo { secrets.append(userInfo) }
        let values = secrets.compactMap { try? SecretReader.read($0) }
        // A header says `Bearer abc`, a message may say `abc`: the words count by themselves too.
        return values + values.flatMap { $0.split(separator: " ").dropFirst().map(String.init) }
    }
}
