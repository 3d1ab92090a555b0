/// Why a matched message was not delivered.
///
/// The raw value is the word in stats, status and metrics.
package enum DropReason: String, Sendable, Hashable, CaseIterable {
    case queueFull = "queue_full"
    case conflated
    case topicInvalid = "topic_invalid"
    case topicFieldMissing = "topic_field_missing"
    case notUTF8 = "not_utf8"
    case newline
    case tooLarge = "too_large"
    /// The broker's or the kernel's no.
    case refused
    case noReader = "no_reader"
    case notEstablished = "not_established"
    case shutdown
    case spoolFailed = "spool_failed"
}

/// What a source refused before any route saw it.
///
/// The raw value is the word in stats, status and metrics.
package enum RejectReason: String, Sendable, Hashable, CaseIterable {
    case tooLarge = "too_large"
    /// A datagram from outside `allow_from`.
    case notAllowed = "not_allowed"
    case retainedCommand = "retained_command"
    case malformedCommand = "malformed_command"
    case unknownConnection = "unknown_connection"
    /// What the kernel dropped before we read it (SO_RXQ_OVFL).
    case kernelOverflow = "kernel_overflow"
    /// A FIFO record that its writer did not finish.
    case incomplete
    /// `command/send` while the connection was not established.
    case notEstablished = "not_established"
    /// A received topic that is not valid UTF-8, or holds a wildcard or NUL.
    case topicInvalid = "topic_invalid"
    /// A message that came while the connection was being closed and reading was paused, or after the gateway was told
    /// to stop.
    case closing
    /// It went through too many gateways: they form a ring.
    case looped
    /// A response topic that `response_topics` doesn't list: not answered.
    case responseRefused = "response_refused"
    /// An answer that did not get there: the broker was away or refused it, or too much waited for it.
    case responseLost = "response_lost"
    /// A status message that the broker would not have.
    case refused
}
