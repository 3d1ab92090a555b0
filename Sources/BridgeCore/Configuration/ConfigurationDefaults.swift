package import WSClient

/// What a configuration takes from the machine and the environment where it says nothing.
package struct ConfigurationDefaults: Sendable, Hashable {
    /// The host name, as one topic level.
    package var instance: String
    /// $STATE_DIRECTORY, which systemd sets.
    package var stateDirectory: String?
    /// In $RUNTIME_DIRECTORY, else in a runtime folder of the user.
    package var controlSocket: String
    /// The usual variables.
    package var proxyEnvironment: ProxyEnvironment

    package init(environment: [String: String], hostName: String, userID: UInt32) {
        instance = Self.topicLevel(from: hostName)
        stateDirectory = Self.firstDirectory(environment["STATE_DIRECTORY"])
        controlSocket = Self.controlSocket(environment: environment, userID: userID)
        proxyEnvironment = ProxyEnvironment(environment)
    }

    /// Where the gateway listens, and its commands look, unless the configuration names another place.
    package static func controlSocket(environment: [String: String], userID: UInt32) -> String {
        if let directory = firstDirectory(environment["RUNTIME_DIRECTORY"]) {
            return "\(directory)/control.sock"
        }
        if let directory = environment["XDG_RUNTIME_DIR"], directory.hasPrefix("/") {
            return "\(directory)/wsbridge/control.sock"
        }
        return "/tmp/wsbridge-\(userID)/control.sock"
    }

    /// systemd lists several directories with colons between them.
    private static func firstDirectory(_ value: String?) -> String? {
        guard let first = value?.split(separator: ":").first, first.hasPrefix("/") else { return nil }
        return String(first)
    }

    /// What can't stand in a topic level becomes `-`.
    static func topicLevel(from hostName: String) -> String {
        var level = ""
        for scalar in hostName.unicodeScalars.prefix(64) {
            switch scalar {
            case "+", "#", "/", "$", "\u{0}"..."\u{20}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": level += "-"
            default: level.unicodeScalars.append(scalar)
            }
        }
        return level.isEmpty ? "wsbridge" : level
    }
}
