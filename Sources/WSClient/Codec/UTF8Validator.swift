public import NIOCore

/// Says whether bytes are well-formed UTF-8 (RFC 3629), in one piece or as they arrive.
///
/// Runs of ASCII are skipped a word at a time; everything else walks an automaton whose whole state is one number,
/// so a message may be cut anywhere, also within a character.
public struct UTF8Validator: Sendable {
    private var state = UTF8Automaton.accept

    /// Starts at the beginning of a text.
    public init() {}

    /// Whether what was consumed is well-formed and doesn't end within a character.
    public var isComplete: Bool { state & 63 == UTF8Automaton.accept }

    /// Takes the next piece of the text.
    ///
    /// False, from then on, if no continuation could make it well-formed.
    public mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return state & 63 != UTF8Automaton.reject }
        let count = bytes.count
        var position = 0
        if state & 63 == UTF8Automaton.accept {
            position = UTF8Validator.lengthOfASCII(base, count: count)
            guard position < count else { return true }
        }
        state = UTF8Automaton.walk(base, from: position, to: count, state: state)
        return state & 63 != UTF8Automaton.reject
    }

    /// Whether the bytes are well-formed UTF-8 and complete.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        let position = lengthOfASCII(base, count: count)
        guard position < count else { return true }
        let state = UTF8Automaton.walk(base, from: position, to: count, state: UTF8Automaton.accept)
        return state & 63 == UTF8Automaton.accept
    }

    /// Whether the buffer's readable bytes are well-formed UTF-8 and complete.
    public static func isValid(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { isValid($0) }
    }

    /// How many bytes from the start are certainly ASCII: up to the word in which the first other byte lies.
    @inline(__always)
    private static func lengthOfASCII(_ base: UnsafeRawPointer, count: Int) -> Int {
        var position = 0
        while count - position >= 32 {
            let words =
                (word(base, position) | word(base, position &+ 8))
                | (word(base, position &+ 16) | word(base, position &+ 24))
            guard words & UTF8Automaton.highBits == 0 else { return position }
            position &+= 32
        }
        while count - position >= 8 {
            guard word(base, position) & UTF8Automaton.highBits == 0 else { return position }
            position &+= 8
        }
        guard position < count else { return position }
        guard count < 8 else {
            // The last word again overlaps what was seen.
            return word(base, count &- 8) & UTF8Automaton.highBits == 0 ? count : position
        }
        while position < count, base.load(fromByteOffset: position, as: UInt8.self) < 0x80 {
            position &+= 1
        }
        return position
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ position: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    }
}
