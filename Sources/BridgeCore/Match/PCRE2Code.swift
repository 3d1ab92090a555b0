import CPCRE2

/// A pattern compiled for PCRE2's matcher, in machine code where the system allows that; owns it.
final class PCRE2Code {
    /// Calls back before the first item, that is at each place where a match may begin.
    private static let callBack = "(?C1)"

    private let code: OpaquePointer
    let isJIT: Bool

    init(_ pattern: String, foldsCase: Bool, usesJIT: Bool, callsBack: Bool = false) throws(MatchError) {
        var text = (callsBack ? Self.callBack : "") + pattern
        let options =
            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | (foldsCase ? PCRE2_CASELESS : 0)
        var error: Int32 = 0
        var offset = 0
        let code = text.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, options, &error, &offset, nil)
        }
        guard let code else {
            let before = text.utf8.prefix(offset).count { $0 & 0xC0 != 0x80 }
            throw .regex(
                offset: max(0, before - (callsBack ? Self.callBack.utf8.count : 0)),
                reason: Self.message(of: error)
            )
        }
        self.code = code
        isJIT = usesJIT && pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE) == 0
    }

    deinit {
        pcre2_code_free_8(code)
    }

    /// Negative: no match, or why it was given up.
    @inline(__always)
    func match(_ subject: UnsafeRawBufferPointer, context: OpaquePointer, result: OpaquePointer) -> Int32 {
        // PCRE2 takes no null pointer.
        guard let base = subject.baseAddress else {
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { empty in
                match(empty.baseAddress, 0, context, result)
            }
        }
        return match(base.assumingMemoryBound(to: UInt8.self), subject.count, context, result)
    }

    @inline(__always)
    private func match(
        _ subject: UnsafePointer<UInt8>?,
        _ count: Int,
        _ context: OpaquePointer,
        _ result: OpaquePointer
    ) -> Int32 {
        isJIT
            ? pcre2_jit_match_8(code, subject, count, 0, 0, result, context)
            : pcre2_match_8(code, subject, count, 0, 0, result, context)
    }

    private static func message(of error: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let length = pcre2_get_error_message_8(error, buffer.baseAddress, buffer.count)
            guard length >= 0 else { return "error \(error)" }
            return String(decoding: buffer[..<Int(length)], as: UTF8.self)
        }
    }
}
