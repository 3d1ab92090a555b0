/// The keys of `log`.
enum LogKeys {
    static let level = Key(
        "level",
        ValueType<LogConfiguration.Level>.choice,
        default: .model(\LogConfiguration.level),
        "The least urgent lines that are shown."
    )
    static let format = Key(
        "format",
        ValueType<LogConfiguration.Format>.choice,
        default: .model(\LogConfiguration.format),
        "Lines for people, or one JSON object a line."
    )

    static let place = Place(
        id: "log",
        path: "log",
        meaning: "The log on standard error.",
        keys: [level.described, format.described]
    )
}

enum LogSection {
    static func read(_ reader: MappingReader) -> LogConfiguration? {
        var log = LogConfiguration()
        reader.read(LogKeys.level, into: &log.level)
        reader.read(LogKeys.format, into: &log.format)
        return log
    }
}
