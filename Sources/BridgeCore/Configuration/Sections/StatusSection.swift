/// The keys of `status`.
enum StatusKeys {
    static let broker = Key(
        "mqtt",
        .text("the name of a broker, or none"),
        default: "the only broker",
        "The broker that carries the status topics; `none` = no status topics."
    )
    static let baseTopic = Key(
        "base_topic",
        .text("a topic", check: StatusSection.problem(withBaseTopic:)),
        default: .value(StatusSection.defaultTopic(instance: "<instance>")),
        "The topic above all status topics."
    )

    static let place = Place(
        id: "status",
        path: "status",
        meaning: "The status topics.",
        keys: [broker.described, baseTopic.described]
    )
}

enum StatusSection {
    /// An inner `nil` = no status topics.
    static func read(_ reader: MappingReader) -> StatusConfiguration?? {
        let context = reader.context
        let baseTopic = reader.read(StatusKeys.baseTopic) ?? defaultTopic(instance: context.instance)
        guard reader.contains(StatusKeys.broker.name) else {
            let chosen = byDefault(context, at: reader.position)
            return .some(chosen.map { StatusConfiguration(broker: $0.broker, baseTopic: baseTopic) })
        }
        guard let broker = reader.read(StatusKeys.broker) else { return nil }
        if broker == "none" { return .some(nil) }
        guard Reference.broker(broker, in: context, at: reader.valuePosition(StatusKeys.broker.name)) else {
            return nil
        }
        return StatusConfiguration(broker: broker, baseTopic: baseTopic)
    }

    static func byDefault(_ context: LoadingContext, at position: Position) -> StatusConfiguration? {
        if context.brokerNames.count > 1 {
            context.warning(
                "there are several brokers and none is chosen for the status topics: write status: { mqtt: "
                    + "\(EntityName.shown(context.brokerNames[0])) }, or status: { mqtt: none }",
                at: position
            )
        }
        guard context.brokerNames.count == 1 else { return nil }
        return StatusConfiguration(broker: context.brokerNames[0], baseTopic: defaultTopic(instance: context.instance))
    }

    static func defaultTopic(instance: String) -> String { "wsbridge/\(instance)" }

    static func problem(withBaseTopic topic: String) -> String? {
        if let fault = TopicName.fault(in: topic) { return fault }
        if topic.hasPrefix("$") { return "topics that begin with '$' are the broker's own" }
        if topic.hasPrefix("/") || topic.hasSuffix("/") { return "a topic neither begins nor ends with '/'" }
        if topic.contains("//") { return "a level of the topic is empty" }
        if topic.utf8.count > 1024 { return "the topic is longer than 1024 bytes" }
        // What is published and subscribed to below it has to be good as well.
        let deepest = StatusTopics(base: topic).event(.disconnected, of: "name")
        return TopicName.fault(in: deepest).map { "with the status topics below it, \($0)" }
    }
}

/// A name that must belong to a connection or broker of the file.
enum Reference {
    static func connection(_ name: String, in context: LoadingContext, at position: Position) -> Bool {
        check(name, "connection", context.connectionNames, "broker", context.brokerNames, context, position)
    }

    static func broker(_ name: String, in context: LoadingContext, at position: Position) -> Bool {
        check(name, "broker", context.brokerNames, "connection", context.connectionNames, context, position)
    }

    private static func check(
        _ name: String,
        _ kind: String,
        _ names: [String],
        _ otherKind: String,
        _ others: [String],
        _ context: LoadingContext,
        _ position: Position
    ) -> Bool {
        guard !names.contains(name) else { return true }
        var message = "there is no \(kind) \(quoted(name))"
        if others.contains(name) {
            let name = EntityName.shown(name)
            let form = otherKind == "broker" ? "{ mqtt: \(name), topic: … }" : "{ connection: \(name) }"
            message += ", but a \(otherKind): write \(form)"
        } else if kind == "connection", let advice = EndKind.advice(for: name) {
            message += ": write \(advice)"
        } else if let guess = Suggestion.closest(to: name, among: names) {
            message += ": did you mean \(quoted(guess))?"
        } else if names.isEmpty {
            message += ": the file names no \(kind)"
        } else {
            message += ": there is \(names.prefix(10).map(EntityName.shown).joined(separator: ", "))"
        }
        context.error(message, at: position)
        return false
    }
}
