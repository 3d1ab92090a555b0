import WSClient

/// One condition of a match: a leaf, or a combination of others.
///
/// Asked once per message, so a class, whose method costs an indirect call and nothing else; and this one, which takes
/// every message, the class of them all.
class MatchCondition {
    func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool { true }
}

/// An empty text, which every message contains.
final class EveryMessageCondition: MatchCondition {}

final class AllCondition: MatchCondition {
    private let parts: [MatchCondition]

    init(_ parts: [MatchCondition]) {
        self.parts = parts
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        for index in parts.indices where !parts[index].matches(payload, kind: kind) { return false }
        return true
    }
}

final class AnyCondition: MatchCondition {
    private let parts: [MatchCondition]

    init(_ parts: [MatchCondition]) {
        self.parts = parts
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        for index in parts.indices where parts[index].matches(payload, kind: kind) { return true }
        return false
    }
}

final class NotCondition: MatchCondition {
    private let part: MatchCondition

    init(_ part: MatchCondition) {
        self.part = part
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        !part.matches(payload, kind: kind)
    }
}

/// Where nobody said what a message is, valid UTF-8 is text and all else binary.
final class KindCondition: MatchCondition {
    private let kind: MessageKind

    init(_ kind: MessageKind) {
        self.kind = kind
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        guard kind == .undeclared, self.kind != .undeclared else { return kind == self.kind }
        return (self.kind == .text) == UTF8Validator.isValid(payload)
    }
}
