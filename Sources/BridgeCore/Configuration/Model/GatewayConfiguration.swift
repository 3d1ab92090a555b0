/// A whole configuration file, checked: what `wsbridge run` runs.
package struct GatewayConfiguration: Sendable {
    /// Part of every status topic.
    ///
    /// Default: the host name.
    package var instance: String
    /// Where the spool lies; `nil` = no spool.
    package var stateDirectory: String?
    /// In the order of the file.
    package var connections: [ConnectionConfiguration] = []
    package var brokers: [BrokerConfiguration] = []
    /// `nil` = no status topics.
    package var status: StatusConfiguration?
    package var web = WebConfiguration()
    package var controlSocket: String
    package var shutdownTimeout: Duration = .seconds(10)
    package var log = LogConfiguration()
    package var routes: [RouteConfiguration] = []
    /// Values of environment variables whose names say that they are secret: shown of no message, whatever key they
    /// stand in.
    package var hiddenValues: [Secret] = []

    package init(instance: String, controlSocket: String) {
        self.instance = instance
        self.controlSocket = controlSocket
    }
}

/// `status:` which broker carries the status topics, and below which topic.
package struct StatusConfiguration: Sendable, Hashable {
    package var broker: String
    /// Default: `wsbridge/<instance>`.
    package var baseTopic: String

    package init(broker: String, baseTopic: String) {
        self.broker = broker
        self.baseTopic = baseTopic
    }
}

/// `web:` the address of the page, read-only API and metrics.
package struct WebConfiguration: Sendable, Hashable {
    /// `nil` = switched off.
    package var listen: String? = "127.0.0.1:8780"
    /// Whether the address stands in the file (then a taken one is an error) or is the default.
    package var isConfigured = false

    package init() {}
}

/// `log:` how much is said, and in which form.
package struct LogConfiguration: Sendable, Hashable {
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case text
        case json
    }

    package enum Level: String, Sendable, Hashable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package var level: Level = .info
    package var format: Format = .text

    package init() {}
}
