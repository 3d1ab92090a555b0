import TLS
import WSClient

/// What comes together while a configuration is read: findings, paths, secrets, and the names others may refer to.
///
/// Used within one call of the loader only.
final class LoadingContext {
    private let file: String
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var paths: [PathUse] = []
    /// Places whose quotes around a secret were warned of.
    private var placesOfQuotes: Set<Position> = []
    private(set) var literalSecrets: [(key: String, position: Position)] = []

    let defaults: ConfigurationDefaults
    /// Known before the values are read: routes may stand above what they refer to.
    var connectionNames: [String] = []
    var brokerNames: [String] = []
    /// Brokers that speak MQTT 3.1.1.
    var oldBrokerNames: Set<String> = []
    /// Brokers with `response_topics`.
    var answeringBrokerNames: Set<String> = []
    var instance = ""
    /// What came from variables whose names say that it is secret.
    var hiddenValues: [String] = []
    var hasStateDirectory = false
    /// `case_sensitive` of the match that is being read.
    var matchesCase = matchesCaseByDefault
    static let matchesCaseByDefault = true
    /// The path and query of the connection that is being read; a protocol's version may stand there.
    var requestPath = WebSocketURL.defaults.path

    init(file: String, defaults: ConfigurationDefaults) {
        self.file = file
        self.defaults = defaults
    }

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    func error(_ message: String, at position: Position) {
        report(.error, message, at: position)
    }

    func warning(_ message: String, at position: Position) {
        report(.warning, message, at: position)
    }

    /// Messages quote what the file holds, and a quoted `\e` in YAML is a real one: each becomes one harmless line.
    private func report(_ severity: Diagnostic.Severity, _ message: String, at position: Position) {
        let line = readable(message, limit: 4096)
        diagnostics.append(Diagnostic(severity: severity, file: file, position: position, message: line))
    }

    /// The setting is understood, but nothing follows from it in this version.
    func notInEffect(_ what: String, _ meanwhile: String, at position: Position) {
        warning("\(what) isn't in effect yet in this version: \(meanwhile)", at: position)
    }

    func note(_ path: PathUse) {
        paths.append(path)
    }

    /// A secret stands here, or variables that hold it.
    func noteSecret(_ value: String, _ key: String, of scalar: YAMLScalar, at position: Position) {
        if scalar.variables.isEmpty { literalSecrets.append((key, position)) }
        if SecretReader.isInQuotes(value) {
            warnOfQuotes(scalar.variables.isEmpty ? key : "\(key), \(scalar.described),", at: position)
        }
    }

    func warnOfQuotes(_ what: String, at position: Position) {
        guard placesOfQuotes.insert(position).inserted else { return }
        warning(SecretReader.quotesWarning(of: what), at: position)
    }
}

/// A path in the configuration, for the checks on the machine itself.
package struct PathUse: Sendable, Hashable {
    package enum Role: Sendable, Hashable {
        /// Read by the gateway: a CA file or a certificate.
        case readable
        /// One line, and no one else's business: a token, a password.
        case secret(SecretUse)
        case privateKey
        /// Started by the gateway, found as a shell would find it.
        case program
        case fifo
        /// `path` is its address.
        case udpSource(UDPSourceConfiguration)
        case udpSink(UDPSinkConfiguration)
        /// Where the spool lies.
        case stateDirectory
    }

    package var role: Role
    package var key: String
    package var path: String
    package var position: Position

    package init(role: Role, key: String, path: String, position: Position) {
        self.role = role
        self.key = key
        self.path = path
        self.position = position
    }
}
