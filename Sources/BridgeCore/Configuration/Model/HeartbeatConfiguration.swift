/// `heartbeat:` of a connection: messages that only say that both ends are alive.
package struct HeartbeatConfiguration: Sendable, Hashable {
    /// What is sent each `every`; `nil` = nothing.
    package var send: MessageTemplate?
    package var every: Duration = .seconds(15)
    /// What answers it; `nil` = nothing is awaited.
    package var expect: MatchConfiguration?
    /// How long the answer may take.
    package var timeout: Duration = .seconds(10)
    /// The server's own heartbeat.
    package var answer: MatchConfiguration?
    /// What answers that; `nil` = nothing.
    package var with: MessageTemplate?
    /// No message of any kind for so long: the server counts as dead.
    ///
    /// `nil` = never.
    package var within: Duration?
    /// Whether routes see the server's heartbeats and answers.
    package var forward = false
    /// True where the preset's protocol needs this `send`: it goes out beside one of the user's.
    package var isNeeded = false
    /// The times that the server's first message may set in place of these (Socket.IO's open packet).
    package var announced: AnnouncedTimes = []

    /// Times that a server may announce.
    package struct AnnouncedTimes: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let every = AnnouncedTimes(rawValue: 1)
        package static let timeout = AnnouncedTimes(rawValue: 2)
        package static let within = AnnouncedTimes(rawValue: 4)
    }

    package init() {}

    /// What is sent.
    var templates: [MessageTemplate] { [send, with].compactMap { $0 } }
}
