import TLS
import WSClient

/// What the keys of a connection that say who we are have to do with each other.
enum CredentialChecks {
    static func check(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        checkAuthorization(connection, reader)
        checkCookies(connection, reader)
        checkRenewal(connection, reader)
    }

    /// One request has one Authorization.
    private static func checkAuthorization(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        let keys = [ConnectionKeys.bearerToken.name, ConnectionKeys.basicAuth.name, ConnectionKeys.oauth2.name]
        var said = keys.filter { reader.contains($0) }
        let position = said.first.map { reader.keyPosition($0) }
        if hasHeader("authorization", connection) { said.append("headers.Authorization") }
        if said.count > 1 {
            let all = said.dropLast().joined(separator: ", ") + " and \(said[said.count - 1])"
            reader.error("\(all) say the same: keep one of them", at: position)
        }
        if connection.endpoint.userInfo != nil, let other = said.first {
            reader.error(
                "the url's user and password and \(other) say the same: keep one of them",
                at: reader.valuePosition(ConnectionKeys.url.name)
            )
        }
    }

    private static func checkCookies(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        guard !connection.cookies.isEmpty, hasHeader("cookie", connection) else { return }
        reader.error(
            "cookies and headers.Cookie say the same: keep one of them",
            at: reader.keyPosition(ConnectionKeys.cookies.name)
        )
    }

    private static func hasHeader(_ name: String, _ connection: ConnectionConfiguration) -> Bool {
        connection.headers.contains { $0.name.lowercased() == name }
    }

    private static func checkRenewal(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        guard connection.renewBefore != nil, connection.oauth2 == nil, connection.tokenCommand == nil else { return }
        if case .file = connection.bearerToken { return }
        // A token that is wrong was told.
        let isWrong = connection.bearerToken == nil && reader.contains(ConnectionKeys.bearerToken.name)
        guard !isWrong, !reader.contains(ConnectionKeys.oauth2.name) else { return }
        let why =
            connection.bearerToken == nil
            ? "without a bearer_token or oauth2"
            : "for a token that stands here: only oauth2, { file: … } or { command: … } can give another"
        reader.context.warning(
            "renew_before has no effect \(why)",
            at: reader.keyPosition(ConnectionKeys.renewBefore.name)
        )
    }

    static func warnOfPlainText(
        _ connection: ConnectionConfiguration,
        _ endpoint: WebSocketURL,
        _ reader: MappingReader
    ) {
        guard !endpoint.isSecure, endpoint.socketPath == nil, !HostName.isLoopback(endpoint.host) else { return }
        for (key, what) in [
            (ConnectionKeys.bearerToken.name, "token"), (ConnectionKeys.basicAuth.name, "password"),
            (ConnectionKeys.oauth2.name, "token"), (ConnectionKeys.cookies.name, "cookie"),
        ] where reader.contains(key) {
            reader.context.warning("the \(what) travels unencrypted: use wss", at: reader.keyPosition(key))
        }
        if endpoint.userInfo != nil {
            reader.context.warning(
                "the password travels unencrypted: use wss",
                at: reader.valuePosition(ConnectionKeys.url.name)
            )
        }
    }
}
