import NIOCore
import NIOPosix
import TLS
import WSClient

/// A token, or a user and password, that stand in the configuration or in files, which are read anew each time.
final class SecretAuthorization: AuthorizationSource {
    private enum Kind: Sendable {
        case bearer(Secret)
        case basic(BasicAuthConfiguration)
    }

    private let kind: Kind
    private let eventLoop: any EventLoop

    init(bearer token: Secret, eventLoop: any EventLoop) {
        kind = .bearer(token)
        self.eventLoop = eventLoop
    }

    init(basic: BasicAuthConfiguration, eventLoop: any EventLoop) {
        kind = .basic(basic)
        self.eventLoop = eventLoop
    }

    var isRenewable: Bool {
        switch kind {
        case .bearer(let token): token.isFile
        case .basic(let basic): basic.username.isFile || basic.password.isFile
        }
    }

    var lookInterval: TimeAmount? { isRenewable ? SecretReader.lookInterval : nil }

    func authorization(isFresh: Bool) -> EventLoopFuture<Authorization> {
        let kind = kind
        guard isRenewable else { return eventLoop.makeCompletedFuture { try Self.read(kind) } }
        // Beside the event loop: a file may lie on a network that doesn't answer.
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try Self.read(kind) }
    }

    private static func read(_ kind: Kind) throws -> Authorization {
        switch kind {
        case .bearer(let token):
            return .bearer(try SecretReader.read(token, for: .bearerToken))
        case .basic(let basic):
            let password = try SecretReader.read(basic.password, for: .header)
            let name = try SecretReader.read(basic.username, for: .basicUsername)
            let pair = Base64.encode(Array("\(name):\(password)".utf8))
            return Authorization(value: "Basic \(pair)", secrets: [pair, password], expires: nil)
        }
    }
}

extension SecretReader {
    /// The time between looks at a file whose credential was refused too often.
    static let lookInterval = TimeAmount.seconds(5)
}

extension Secret {
    /// Read anew each time it is needed.
    var isFile: Bool {
        switch self {
        case .literal: false
        case .file: true
        }
    }
}
