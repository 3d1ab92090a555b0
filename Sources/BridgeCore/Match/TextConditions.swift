final class ContainsCondition: MatchCondition {
    private let needle: Needle

    init(_ needle: Needle) {
        self.needle = needle
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        needle.isFound(in: payload)
    }
}

/// `equals`, `prefix` and `suffix`.
final class FixedTextCondition: MatchCondition {
    enum Place {
        case whole
        case start
        case end
    }

    private let text: FixedText
    private let place: Place

    init(_ text: FixedText, at place: Place) {
        self.text = text
        self.place = place
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        guard payload.count >= text.count else { return false }
        return switch place {
        case .whole: payload.count == text.count && text.equals(payload)
        case .start: text.equals(UnsafeRawBufferPointer(rebasing: payload[..<text.count]))
        case .end: text.equals(UnsafeRawBufferPointer(rebasing: payload[(payload.count - text.count)...]))
        }
    }
}

final class RegexCondition: MatchCondition {
    let pattern: PCRE2Pattern

    init(_ pattern: PCRE2Pattern) {
        self.pattern = pattern
    }

    override func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        pattern.matches(payload)
    }
}
