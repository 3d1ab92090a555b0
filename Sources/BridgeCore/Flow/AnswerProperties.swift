/// What an answer to a request tells of itself beside its payload (MQTT 5).
package struct AnswerProperties: Sendable, Hashable {
    /// The value of the user property `wsbridge-answer`: tells a reply from our own words.
    package enum Kind: String, Sendable, Hashable {
        /// What the WebSocket server answered.
        case reply
        case sent
        case queued
        case dropped
    }

    package var kind: Kind
    /// Whether the payload is UTF-8 text.
    package var isText: Bool
    /// The request's correlation data; empty = none.
    package var correlation: [UInt8]

    package init(_ kind: Kind, isText: Bool, correlation: [UInt8]) {
        self.kind = kind
        self.isText = isText
        self.correlation = correlation
    }
}
