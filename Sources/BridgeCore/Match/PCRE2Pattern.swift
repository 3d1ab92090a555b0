import CPCRE2
import NIOCore

/// A regular expression compiled by PCRE2, and what matching takes; owns the library's objects.
///
/// No payload keeps it busy for long (S14). PCRE2's match limit holds for each place a match may begin at, so a long
/// payload can multiply it: the limit of the first attempt shrinks as the payload grows. If that attempt is given up, a
/// second one may take more steps, but is called back at each place and looks at the clock. What that gives up counts in
/// `limitHits` and is no match.
final class PCRE2Pattern {
    /// How many steps the first attempt may take, over all places.
    ///
    /// A step takes some 1.5 ns with JIT, else some 30 ns.
    private static let steps = 4_000_000
    private static let stepsWithoutJIT = 200_000
    /// The least for each place: enough for most patterns on any payload.
    private static let leastStepsAPlace = 16
    /// For each place in the second attempt.
    private static let stepsAPlaceOnClock: UInt32 = 1_000_000
    private static let timeOnClock = TimeAmount.milliseconds(20)
    /// Being called back costs time itself.
    private static let nanosecondsAByteOnClock: Int64 = 50
    private static let largestStack = 1 << 20
    /// In KiB; what the interpreter may take, where JIT is not allowed.
    private static let largestHeap: UInt32 = 8 << 10

    private let plain: PCRE2Code
    private let onClock: PCRE2Code
    private let context: OpaquePointer
    private let result: OpaquePointer
    private let stack: OpaquePointer?
    private let clock: UnsafeMutablePointer<MatchClock>
    /// How many payloads were given up.
    private(set) var limitHits = 0

    /// `usesJIT`: machine code where the system allows it, as a hardened service may not.
    init(_ pattern: String, foldsCase: Bool, usesJIT: Bool = true) throws(MatchError) {
        plain = try PCRE2Code(pattern, foldsCase: foldsCase, usesJIT: usesJIT)
        onClock = try PCRE2Code(pattern, foldsCase: foldsCase, usesJIT: usesJIT, callsBack: true)
        guard let context = pcre2_match_context_create_8(nil) else { throw .outOfMemory }
        guard let result = pcre2_match_data_create_8(1, nil) else {
            pcre2_match_context_free_8(context)
            throw .outOfMemory
        }
        self.context = context
        self.result = result
        stack = plain.isJIT ? pcre2_jit_stack_create_8(32 << 10, Self.largestStack, nil) : nil
        clock = .allocate(capacity: 1)
        clock.initialize(to: MatchClock())
        pcre2_set_heap_limit_8(context, Self.largestHeap)
        pcre2_set_callout_8(context, { _, clock in MatchClock.tick(clock) }, clock)
        if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
    }

    deinit {
        pcre2_match_data_free_8(result)
        pcre2_match_context_free_8(context)
        if let stack { pcre2_jit_stack_free_8(stack) }
        clock.deinitialize(count: 1)
        clock.deallocate()
    }

    /// Whether the pattern matches somewhere in the payload; bytes that aren't UTF-8 match nothing.
    func matches(_ payload: UnsafeRawBufferPointer) -> Bool {
        let steps = plain.isJIT ? Self.steps : Self.stepsWithoutJIT
        let limit = max(Self.leastStepsAPlace, steps / (payload.count + 1))
        pcre2_set_match_limit_8(context, UInt32(truncatingIfNeeded: limit))
        let code = plain.match(payload, context: context, result: result)
        return Self.isGivenUp(code) ? matchesOnClock(payload) : code >= 0
    }

    private func matchesOnClock(_ payload: UnsafeRawBufferPointer) -> Bool {
        pcre2_set_match_limit_8(context, Self.stepsAPlaceOnClock)
        let time = Self.timeOnClock + .nanoseconds(Int64(payload.count) * Self.nanosecondsAByteOnClock)
        clock.pointee = MatchClock(deadline: .now() + time)
        let code = onClock.match(payload, context: context, result: result)
        if Self.isGivenUp(code) { limitHits += 1 }
        return code >= 0
    }

    private static func isGivenUp(_ code: Int32) -> Bool {
        switch code {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT,
            PCRE2_ERROR_NOMEMORY, PCRE2_ERROR_CALLOUT:
            true
        default: false
        }
    }
}

/// When a match must end.
///
/// PCRE2 asks at each place where a match may begin.
private struct MatchClock {
    var deadline: NIODeadline = .distantFuture
    private var ticks: UInt32 = 0

    init(deadline: NIODeadline = .distantFuture) {
        self.deadline = deadline
    }

    /// 0 = go on.
    static func tick(_ clock: UnsafeMutableRawPointer?) -> Int32 {
        guard let clock = clock?.assumingMemoryBound(to: MatchClock.self) else { return PCRE2_ERROR_CALLOUT }
        clock.pointee.ticks &+= 1
        // Reading the clock takes longer than most attempts.
        guard clock.pointee.ticks & 7 == 0, NIODeadline.now() > clock.pointee.deadline else { return 0 }
        return PCRE2_ERROR_CALLOUT
    }
}
