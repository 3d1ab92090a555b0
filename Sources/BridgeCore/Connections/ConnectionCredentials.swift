import WSClient

/// The request headers of a configured connection, its secrets read anew.
enum ConnectionCredentials {
    /// - Throws: an error whose description names the secret's file and what is wrong with it, never a value.
    static func headers(of connection: ConnectionConfiguration) throws -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let token = connection.bearerToken {
            headers.append(("Authorization", "Bearer \(try SecretReader.read(token))"))
        }
        for header in connection.headers {
            headers.append((header.name, try SecretReader.read(header.value)))
        }
        return headers
    }
}
