import Logging
import NIOCore
import NIOPosix
import WSClient

/// Who a configured connection says it is: its `Authorization`, its secret headers and its cookies, fetched anew at each
/// attempt.
///
/// Used on the gateway's event loop only.
final class ConnectionCredentials: WebSocketCredentialSource {
    private let configuration: ConnectionConfiguration
    private let proxy: ConnectionProxy
    private let eventLoop: any EventLoop
    private let authorization: (any AuthorizationSource)?
    /// Told of secrets before they are sent anywhere.
    private let learned: ([String]) -> Void

    init(
        of connection: ConnectionConfiguration,
        through proxy: ConnectionProxy,
        userAgent: String?,
        eventLoop: any EventLoop,
        log: Logger,
        learned: @escaping ([String]) -> Void
    ) {
        configuration = connection
        self.proxy = proxy
        self.eventLoop = eventLoop
        self.learned = learned
        if let token = connection.bearerToken {
            authorization = SecretAuthorization(bearer: token, eventLoop: eventLoop)
        } else if let command = connection.tokenCommand {
            authorization = CommandAuthorization(command, eventLoop: eventLoop)
        } else if let basic = connection.basicAuth {
            authorization = SecretAuthorization(basic: basic, eventLoop: eventLoop)
        } else if let oauth = connection.oauth2 {
            authorization = OAuthAuthorization(
                oauth,
                of: connection,
                userAgent: userAgent,
                eventLoop: eventLoop,
                learned: learned,
                warn: { log.warning("\($0)") }
            )
        } else {
            authorization = nil
        }
    }

    /// What may be sent to anyone: the headers that are no secrets.
    static func plainHeaders(of connection: ConnectionConfiguration) -> [(name: String, value: String)] {
        connection.headers.compactMap { header in
            guard !header.isConfidential, case .literal(let value) = header.value else { return nil }
            return (header.name, value)
        }
    }

    var isRenewable: Bool {
        authorization?.isRenewable ?? false
            || configuration.headers.contains { $0.value.isFile } || configuration.cookies.contains { $0.value.isFile }
    }

    /// Files are looked at often; a program or a token endpoint is not asked more often than a fault would.
    var lookInterval: TimeAmount? {
        if let authorization, let interval = authorization.lookInterval { return interval }
        return isRenewable || spokenSecrets.contains(where: \.isFile) ? SecretReader.lookInterval : nil
    }

    /// The values by which the session identifies us.
    private var spokenSecrets: [Secret] {
        (configuration.session?.variables ?? []).filter(\.isSecret).map(\.value)
    }

    func credentials(for request: WebSocketCredentialRequest) -> EventLoopFuture<WebSocketCredentials> {
        files().assumeIsolated().flatMap { files in
            self.authorization(request).map { Parts(files: files, authorization: $0) }
        }.map { parts in
            self.learned(parts.secrets)
            return WebSocketCredentials(
                headers: parts.all.map { (name: $0.name, value: $0.value) },
                expires: parts.authorization?.expires,
                spoken: parts.files.spoken
            )
        }.nonisolated().flatMapErrorThrowing { error in
            // A secret that can't be read says which file, and never what it holds.
            guard let error = error as? SecretError else { throw error }
            throw WebSocketCredentialError(error.description, needsPerson: true)
        }
    }

    private func authorization(_ request: WebSocketCredentialRequest) -> EventLoopFuture<Authorization?> {
        guard request.includesAuthorization, let authorization else { return eventLoop.makeSucceededFuture(nil) }
        return authorization.authorization(isFresh: request.isFresh).map { $0 }
    }

    private struct Parts: Sendable {
        var files: Files
        var authorization: Authorization?

        var all: [Header] {
            files.headers + (authorization.map { [Header(name: "Authorization", value: $0.value)] } ?? [])
        }

        var secrets: [String] { all.map(\.value) + files.proxySecrets + (authorization?.secrets ?? []) }
    }

    func cancel() { authorization?.cancel() }

    private struct Header: Sendable {
        var name: String
        var value: String
    }

    /// What is read anew at each attempt.
    private struct Files: Sendable {
        var headers: [Header]
        var proxySecrets: [String]
        /// Of the session.
        var spoken: [String]
    }

    private func files() -> EventLoopFuture<Files> {
        let (configuration, proxy) = (configuration, proxy)
        let headers = configuration.headers.filter(\.isConfidential)
        let secrets = headers.map(\.value) + configuration.cookies.map(\.value)
        let spoken = spokenSecrets
        let read = { @Sendable () throws -> Files in
            Files(
                headers: try Self.read(headers, configuration.cookies),
                proxySecrets: try proxy.renew(),
                // One that can't be read is the session's to tell.
                spoken: spoken.compactMap { try? SecretReader.read($0) }
            )
        }
        guard proxy.readsFile || (secrets + spoken).contains(where: \.isFile) else {
            return eventLoop.makeCompletedFuture(withResultOf: read)
        }
        // Beside the event loop: a file may lie on a network that doesn't answer.
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop, read)
    }

    private static func read(_ headers: [HeaderConfiguration], _ cookies: [CookieConfiguration]) throws -> [Header] {
        var all = try headers.map { Header(name: $0.name, value: try SecretReader.read($0.value, for: .header)) }
        let pairs = try cookies.map { cookie in
            "\(cookie.name)=\(try SecretReader.read(cookie.value, for: .cookie))"
        }
        if !pairs.isEmpty { all.append(Header(name: "Cookie", value: pairs.joined(separator: "; "))) }
        return all
    }
}
