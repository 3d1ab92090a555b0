/// The keys of `connections.NAME.reconnect`.
enum ReconnectKeys {
    static let initialDelay = Key(
        "initial_delay",
        .duration(.milliseconds(10) ... .seconds(3600)),
        default: .model(\ReconnectConfiguration.initialDelay),
        "The longest wait before the first new attempt. It doubles with each attempt; the wait is a random part of it."
    )
    static let maxDelay = Key(
        "max_delay",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\ReconnectConfiguration.maxDelay),
        "It grows no further than this."
    )
    static let stableAfter = Key(
        "stable_after",
        .duration(.zero ... .seconds(86_400)),
        default: .model(\ReconnectConfiguration.stableAfter),
        "Established for so long: the next wait begins at `initial_delay` again."
    )

    static let place = Place(
        id: "reconnect",
        path: "connections.NAME.reconnect",
        meaning: "The wait between attempts to connect.",
        keys: [initialDelay.described, maxDelay.described, stableAfter.described]
    )
}

enum ReconnectSection {
    static func read(_ reader: MappingReader) -> ReconnectConfiguration? {
        var reconnect = ReconnectConfiguration()
        reader.read(ReconnectKeys.initialDelay, into: &reconnect.initialDelay)
        reader.read(ReconnectKeys.maxDelay, into: &reconnect.maxDelay)
        reader.read(ReconnectKeys.stableAfter, into: &reconnect.stableAfter)
        if reconnect.initialDelay > reconnect.maxDelay {
            let written = [ReconnectKeys.maxDelay.name, ReconnectKeys.initialDelay.name].first(where: reader.contains)
            let longest = Quantity.text(reconnect.maxDelay.milliseconds, units: Quantity.durations)
            reader.error(
                "initial_delay can't be longer than max_delay, which is \(longest)",
                at: written.map(reader.valuePosition)
            )
        }
        return reconnect
    }
}
