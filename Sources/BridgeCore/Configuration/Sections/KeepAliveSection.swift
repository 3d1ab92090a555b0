/// The keys of `connections.NAME.keep_alive`.
enum KeepAliveKeys {
    static let interval = Key(
        "interval",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\KeepAliveConfiguration.interval),
        "A ping is sent each interval."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\KeepAliveConfiguration.timeout),
        "No pong for so long after a ping: connect again."
    )

    static let place = Place(
        id: "keep_alive",
        path: "connections.NAME.keep_alive",
        meaning: "WebSocket pings.",
        keys: [interval.described, timeout.described]
    )
}

enum KeepAliveSection {
    static func read(_ reader: MappingReader) -> KeepAliveConfiguration? {
        var keepAlive = KeepAliveConfiguration()
        reader.read(KeepAliveKeys.interval, into: &keepAlive.interval)
        reader.read(KeepAliveKeys.timeout, into: &keepAlive.timeout)
        return keepAlive
    }
}
