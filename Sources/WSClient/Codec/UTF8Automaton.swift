/// The automaton of well-formed UTF-8 (RFC 3629 section 4) as shifts.
///
/// A state is a bit offset, a byte's row holds the next state for each state at that offset, so a step is one load
/// that doesn't depend on the state, and one shift. Only the low six bits of a state count.
enum UTF8Automaton {
    /// Malformed, and stays so.
    static let reject: UInt64 = 0
    /// Between two characters.
    static let accept: UInt64 = 6
    /// So many continuation bytes are missing.
    private static let one: UInt64 = 12
    private static let two: UInt64 = 18
    private static let three: UInt64 = 24
    /// After E0: 0xA0 or above, lest it be overlong.
    private static let afterE0: UInt64 = 30
    /// After ED: 0x9F or below, lest it be a surrogate.
    private static let afterED: UInt64 = 36
    /// After F0: 0x90 or above, lest it be overlong.
    private static let afterF0: UInt64 = 42
    /// After F4: 0x8F or below, lest it be above U+10FFFF.
    private static let afterF4: UInt64 = 48

    static let highBits: UInt64 = 0x8080_8080_8080_8080

    private static let rows: ContiguousArray<UInt64> = ContiguousArray((0...255).map { row(of: UInt8($0)) })

    private static func row(of byte: UInt8) -> UInt64 {
        var row: UInt64 = 0
        func lead(to next: UInt64, from state: UInt64) { row |= next << state }
        switch byte {
        case 0x00...0x7F: lead(to: accept, from: accept)
        case 0xC2...0xDF: lead(to: one, from: accept)
        case 0xE0: lead(to: afterE0, from: accept)
        case 0xE1...0xEC, 0xEE, 0xEF: lead(to: two, from: accept)
        case 0xED: lead(to: afterED, from: accept)
        case 0xF0: lead(to: afterF0, from: accept)
        case 0xF1...0xF3: lead(to: three, from: accept)
        case 0xF4: lead(to: afterF4, from: accept)
        case 0x80...0xBF:
            lead(to: accept, from: one)
            lead(to: one, from: two)
            lead(to: two, from: three)
            lead(to: byte >= 0xA0 ? one : reject, from: afterE0)
            lead(to: byte < 0xA0 ? one : reject, from: afterED)
            lead(to: byte >= 0x90 ? two : reject, from: afterF0)
            lead(to: byte < 0x90 ? two : reject, from: afterF4)
        default: break
        }
        return row
    }

    /// Walks over the bytes of `base` in the range and returns the state behind them.
    static func walk(_ base: UnsafeRawPointer, from start: Int, to end: Int, state: UInt64) -> UInt64 {
        rows.withUnsafeBufferPointer { rows in
            guard let row = rows.baseAddress else { return reject }
            var state = state
            var position = start
            while end - position >= 16 {
                let first = base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                let second = base.loadUnaligned(fromByteOffset: position &+ 8, as: UInt64.self)
                if (first | second) & highBits == 0, state & 63 == accept {
                    position &+= 16
                    continue
                }
                state = step(row, UInt64(littleEndian: first), state)
                state = step(row, UInt64(littleEndian: second), state)
                guard state & 63 != reject else { return reject }
                position &+= 16
            }
            while position < end {
                state = row[Int(base.load(fromByteOffset: position, as: UInt8.self))] &>> state
                position &+= 1
            }
            return state & 63
        }
    }

    /// Eight steps, the word's lowest byte first.
    @inline(__always)
    private static func step(_ row: UnsafePointer<UInt64>, _ word: UInt64, _ state: UInt64) -> UInt64 {
        var state = row[Int(word & 0xFF)] &>> state
        state = row[Int(word &>> 8 & 0xFF)] &>> state
        state = row[Int(word &>> 16 & 0xFF)] &>> state
        state = row[Int(word &>> 24 & 0xFF)] &>> state
        state = row[Int(word &>> 32 & 0xFF)] &>> state
        state = row[Int(word &>> 40 & 0xFF)] &>> state
        state = row[Int(word &>> 48 & 0xFF)] &>> state
        return row[Int(word &>> 56)] &>> state
    }
}
