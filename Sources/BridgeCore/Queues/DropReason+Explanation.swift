extension DropReason {
    /// What happened and what the operator can do, for the log.
    var explanation: String {
        switch self {
        case .queueFull: "the queue is full; raise queue.max_bytes, or look why the sink is slow"
        case .conflated: "a newer message of the same key took its place"
        case .topicInvalid:
            "its rendered topic is not valid (an empty level, one of + # /, a leading $, or a control character)"
        case .topicFieldMissing: "the topic template names a field that the message lacks, or the message is not JSON"
        case .notUTF8: "it is not valid UTF-8 and goes out as text; write `as: binary` on the sink"
        case .newline: "it holds the separator of the FIFO's framing; use on_newline: space or framing: length"
        case .tooLarge: "it is larger than the sink takes"
        case .refused: "the broker or the kernel refused it"
        case .noReader: "nobody reads the FIFO; see no_reader"
        case .notEstablished: "the connection is not established"
        case .shutdown: "the gateway stopped before the sink took it; see shutdown_timeout"
        case .spoolFailed: "the spool could not be written"
        }
    }
}
