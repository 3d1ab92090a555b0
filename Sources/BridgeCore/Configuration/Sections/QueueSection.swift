/// `queue` of a route, or of one of its sinks.
enum QueueKeys {
    static let whenFull = Key(
        "when_full",
        ValueType<QueueConfiguration.WhenFull>.choice,
        default: "\(QueueConfiguration.defaults.whenFull.rawValue); UDP sinks \(QueueSection.whenFullOfUDP.rawValue)",
        "What happens when the queue is full: pause the source, drop, or keep only the last message per key."
    )
    static let maxBytes = Key(
        "max_bytes",
        .size(1...(1 << 40)),
        default: .model(\QueueConfiguration.maxBytes),
        "How much the queue holds in memory: payload, topic, MQTT 5 properties that it keeps, and 64 bytes a message."
    )
    static let maxDisk = Key(
        "max_disk",
        .size((1 << 20)...(1 << 50)),
        default: .model(\QueueConfiguration.maxDisk),
        "How much it may hold on disk; counted like max_bytes."
    )
    static let ttl = Key(
        "ttl",
        .durationOrNone(.milliseconds(1) ... .seconds(31_536_000)),
        default: .model(\QueueConfiguration.ttl),
        "Older messages expire, counted from their receipt."
    )
    static let store = Key(
        "store",
        ValueType<QueueConfiguration.Store>.choice,
        default: "spill for MQTT at QoS 1-2 with a state_dir, else memory",
        "Where it is held: memory only, on disk what memory can't hold, or on disk always."
    )
    static let conflateBy = Key(
        "conflate_by",
        .text("a JSON path such as $.symbol", check: PatternSyntax.problem(withJSONPath:)),
        default: "",
        "With `when_full: conflate`: the key of which only the last message is kept."
    )

    static let place = Place(
        id: "queue",
        path: "routes.NAME.queue",
        meaning: "What holds messages that a sink can't take yet.",
        keys: [
            whenFull.described, maxBytes.described, maxDisk.described, ttl.described, store.described,
            conflateBy.described,
        ]
    )
}

/// The settings of one `queue:` block, each where it is written.
struct QueueSettings {
    struct Setting<Value> {
        var value: Value
        var position: Position
    }

    var whenFull: Setting<QueueConfiguration.WhenFull>?
    var maxBytes: Setting<Int>?
    var maxDisk: Setting<Int>?
    var ttl: Setting<Duration?>?
    var store: Setting<QueueConfiguration.Store>?
    var conflateBy: Setting<String>?
    /// What it says may be wrong, which is said then.
    var namesConflateBy = false
}

enum QueueSection {
    static func read(_ reader: MappingReader) -> QueueSettings? {
        func setting<Value>(_ key: Key<Value>) -> QueueSettings.Setting<Value>? {
            reader.read(key).map { QueueSettings.Setting(value: $0, position: reader.valuePosition(key.name)) }
        }
        return QueueSettings(
            whenFull: setting(QueueKeys.whenFull),
            maxBytes: setting(QueueKeys.maxBytes),
            maxDisk: setting(QueueKeys.maxDisk),
            ttl: setting(QueueKeys.ttl),
            store: setting(QueueKeys.store),
            conflateBy: setting(QueueKeys.conflateBy),
            namesConflateBy: reader.contains(QueueKeys.conflateBy.name)
        )
    }

    /// A sink's own settings over the route's over the defaults for its kind.
    static func resolve(
        _ own: QueueSettings?,
        over route: QueueSettings,
        for sink: SinkConfiguration,
        _ context: LoadingContext
    ) -> QueueConfiguration {
        let whenFull = own?.whenFull ?? route.whenFull
        let conflateBy = own?.conflateBy ?? route.conflateBy
        var queue = QueueConfiguration(
            whenFull: whenFull?.value ?? defaultWhenFull(for: sink),
            store: (own?.store ?? route.store)?.value ?? defaultStore(for: sink, context)
        )
        queue.isWhenFullWritten = whenFull != nil
        if let store = own?.store ?? route.store, store.value != .memory, !context.hasStateDirectory {
            context.error(
                "store: \(store.value.rawValue) needs a folder on disk: name one with state_dir at the top of the file",
                at: store.position
            )
        }
        queue.maxBytes = (own?.maxBytes ?? route.maxBytes)?.value ?? queue.maxBytes
        queue.maxDisk = (own?.maxDisk ?? route.maxDisk)?.value ?? queue.maxDisk
        if queue.store == .memory { warn(ofNoDisk: own?.maxDisk, context) }
        queue.ttl = (own?.ttl ?? route.ttl)?.value
        if queue.whenFull == .conflate {
            queue.conflateBy = conflateBy?.value
            if own?.namesConflateBy != true, !route.namesConflateBy, let whenFull {
                context.error("when_full: conflate needs conflate_by, such as $.symbol", at: whenFull.position)
            }
        } else if let conflateBy = own?.conflateBy {
            context.error("conflate_by needs when_full: conflate", at: conflateBy.position)
        }
        return queue
    }

    /// What the route says must serve at least one of its sinks.
    static func checkUse(_ route: QueueSettings, _ queues: [QueueConfiguration], _ context: LoadingContext) {
        if queues.allSatisfy({ $0.store == .memory }) { warn(ofNoDisk: route.maxDisk, context) }
        guard let conflateBy = route.conflateBy, !queues.contains(where: { $0.whenFull == .conflate }) else { return }
        context.error("conflate_by needs when_full: conflate", at: conflateBy.position)
    }

    private static func warn(ofNoDisk maxDisk: QueueSettings.Setting<Int>?, _ context: LoadingContext) {
        guard let maxDisk else { return }
        context.warning(
            "max_disk has no effect on a queue in memory: it needs store: spill or always",
            at: maxDisk.position
        )
    }

    static let whenFullOfUDP = QueueConfiguration.WhenFull.dropNewest

    private static func defaultWhenFull(for sink: SinkConfiguration) -> QueueConfiguration.WhenFull {
        if case .udp = sink { whenFullOfUDP } else { QueueConfiguration.defaults.whenFull }
    }

    private static func defaultStore(for sink: SinkConfiguration, _ context: LoadingContext) -> QueueConfiguration.Store
    {
        if case .mqtt(let sink) = sink, sink.qos > 0, context.hasStateDirectory {
            .spill
        } else {
            QueueConfiguration.defaults.store
        }
    }
}
