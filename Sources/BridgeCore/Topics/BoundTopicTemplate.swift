/// A topic template in one route: renders each message's topic without allocating.
///
/// Values from the payload: strings, numbers as written, `true` and `false`. `null`, a missing member, a payload that
/// isn't JSON and a source topic without such a level are `topic_field_missing`; objects, arrays, and whatever would
/// break a topic's form are `topic_invalid`.
package struct BoundTopicTemplate: Sendable {
    /// Rendered in turn.
    ///
    /// Literals lie in `literals` and paths in `paths`, so that a piece holds no reference to count.
    private enum Piece: Sendable {
        case literal(offset: Int, length: Int)
        case json(Int)
        case topic
        case topicLevel(Int)
        /// A level begins with a value: it must not come out empty or begin with `$`.
        case levelBegins
        case levelEnds
        /// No message can be rendered in this route.
        case impossible(DropReason)
    }

    /// The topic, where it is the same for every message.
    package let literal: String?
    /// `{topic}` has as many levels as the source's topic.
    private let addsLevels: Bool
    private let pieces: ContiguousArray<Piece>
    private let literals: ContiguousArray<UInt8>
    private let paths: ContiguousArray<JSONPath>

    init(_ template: TopicTemplate, context: TemplateContext) {
        var compiler = Compiler()
        for part in template.parts {
            switch part {
            case .literal(let text): compiler.append(literal: text)
            case .json(let path):
                compiler.append(value: .json(compiler.paths.count))
                compiler.paths.append(path)
            case .connection: compiler.append(name: context.connection)
            case .instance: compiler.append(name: context.instance)
            case .route: compiler.append(name: context.route)
            case .topic: compiler.append(value: .topic)
            case .topicLevel(let level): compiler.append(value: .topicLevel(level))
            }
        }
        compiler.endLevel()
        addsLevels = template.parts.contains(.topic)
        pieces = compiler.pieces
        literals = compiler.literals
        paths = compiler.paths
        if case .literal = pieces.first, pieces.count == 1 {
            literal = String(decoding: literals, as: UTF8.self)
        } else {
            literal = nil
        }
    }

    /// Appends the message's topic to `output`; where there is none, returns why and leaves `output` as it was.
    ///
    /// `sourceTopic` is the topic that the message came with; empty where its source has none.
    package func render(
        payload: UnsafeRawBufferPointer,
        sourceTopic: UnsafeRawBufferPointer,
        into output: inout [UInt8]
    ) -> DropReason? {
        let start = output.count
        let reason = append(payload: payload, sourceTopic: sourceTopic, to: &output)
        if reason != nil { output.removeSubrange(start...) }
        return reason
    }

    private func append(
        payload: UnsafeRawBufferPointer,
        sourceTopic: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> DropReason? {
        let start = output.count
        var levelStart = start
        var reason: DropReason?
        for index in pieces.indices {
            switch pieces[index] {
            case .literal(let offset, let length):
                literals.withUnsafeBytes { literals in
                    output.append(contentsOf: UnsafeRawBufferPointer(rebasing: literals[offset..<offset + length]))
                }
            case .json(let path):
                reason = TopicValue.append(paths[path], of: payload, to: &output)
            case .topic:
                reason = TopicValue.append(topic: sourceTopic, to: &output)
            case .topicLevel(let level):
                reason = TopicValue.append(level: level, ofTopic: sourceTopic, to: &output)
            case .levelBegins:
                levelStart = output.count
            case .levelEnds:
                if output.count == levelStart || output[levelStart] == UInt8(ascii: "$") { reason = .topicInvalid }
            case .impossible(let always):
                reason = always
            }
            if let reason { return reason }
        }
        guard output.count - start <= TopicText.maximumLength else { return .topicInvalid }
        if addsLevels, output[start...].count(where: { $0 == UInt8(ascii: "/") }) >= TopicText.maximumLevels {
            return .topicInvalid
        }
        return nil
    }

    private struct Compiler {
        var pieces: ContiguousArray<Piece> = []
        var literals: ContiguousArray<UInt8> = []
        var paths: ContiguousArray<JSONPath> = []
        private var isAtLevelStart = true
        private var isInOpenLevel = false

        mutating func append(literal text: String) {
            guard isInOpenLevel, let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
                append(bytes: text.utf8)
                isAtLevelStart = text.utf8.last == UInt8(ascii: "/")
                return
            }
            append(bytes: text[..<slash].utf8)
            endLevel()
            append(bytes: text[slash...].utf8)
            isAtLevelStart = text.utf8.last == UInt8(ascii: "/")
        }

        mutating func append(value: Piece) {
            if isAtLevelStart {
                pieces.append(.levelBegins)
                isAtLevelStart = false
                isInOpenLevel = true
            }
            pieces.append(value)
        }

        /// A name from the configuration: as good as a literal if it would do as a level.
        mutating func append(name: String?) {
            guard var name else { return append(value: .impossible(.topicFieldMissing)) }
            let isFit = name.withUTF8 { bytes in
                !bytes.isEmpty && bytes.first != UInt8(ascii: "$")
                    && TopicText.isLevelText(UnsafeRawBufferPointer(bytes))
            }
            guard isFit else { return append(value: .impossible(.topicInvalid)) }
            append(bytes: name.utf8)
            isAtLevelStart = false
        }

        mutating func endLevel() {
            if isInOpenLevel { pieces.append(.levelEnds) }
            isInOpenLevel = false
        }

        private mutating func append(bytes: some Collection<UInt8>) {
            guard !bytes.isEmpty else { return }
            if case .literal(let offset, let length) = pieces.last {
                pieces[pieces.count - 1] = .literal(offset: offset, length: length + bytes.count)
            } else {
                pieces.append(.literal(offset: literals.count, length: bytes.count))
            }
            literals.append(contentsOf: bytes)
        }
    }
}
