@testable import BridgeCore

extension FuzzTarget {
    /// Input: a template, NUL, a source topic, NUL, a payload.
    static let topicTemplate = FuzzTarget(
        "topic-template",
        "a rendered topic is one that MQTT allows, with the template's levels and beginning, or nothing is rendered"
    ) { bytes in
        var input = FuzzInput(bytes)
        let text = input.textUpToNUL()
        let sourceTopic = input.bytesUpToNUL()
        let payload = Array(input.rest)
        let template: TopicTemplate
        do throws(TopicTemplateError) {
            template = try TopicTemplate(text)
        } catch {
            try require((0...text.unicodeScalars.count).contains(error.offset), "\(error) in \(text.count) characters")
            try require(isOneLine(error.description), "an error of several lines: \(error)")
            return
        }
        try require(template.description == text, "described as \(template)")
        let context = TemplateContext(instance: "site", route: "route", connection: "cloud")
        let filled = template.filled(from: context)
        var topic = Array("before".utf8)
        let reason = payload.withUnsafeBytes { payload in
            sourceTopic.withUnsafeBytes { sourceTopic in
                template.bound(to: context).render(payload: payload, sourceTopic: sourceTopic, into: &topic)
            }
        }
        try require(topic.starts(with: "before".utf8), "what was there before is gone")
        topic.removeFirst(6)
        guard reason == nil else { return try require(topic.isEmpty, "dropped (\(reason as Any)), but rendered") }
        try checkTopic(topic, of: filled)
    }

    private static func checkTopic(_ topic: [UInt8], of template: TopicTemplate) throws {
        let shown = String(decoding: topic, as: UTF8.self)
        try require(topic.withUnsafeBytes { TopicName.isValid($0) }, "no topic of MQTT's: \(shown)")
        try require(TopicName.fault(in: shown) == nil, "no topic that we publish to: \(shown)")
        try require(shown.utf8.starts(with: template.leadingLiteral.utf8), "\(shown) from \(template)")
        if !template.parts.contains(.topic) {
            let literals = template.parts.reduce(0) { count, part in
                if case .literal(let text) = part { count + text.utf8.count { $0 == UInt8(ascii: "/") } } else { count }
            }
            try require(topic.count { $0 == UInt8(ascii: "/") } == literals, "other levels: \(shown) from \(template)")
        }
        let filter = template.asFilter
        let isBelow = topic.withUnsafeBytes { filter.matches($0) }
        try require(isBelow, "\(shown) is outside \(filter), the filter of \(template)")
    }
}
