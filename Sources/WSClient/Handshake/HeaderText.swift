/// The rule for the value of a request header (RFC 9110, section 5.5; requirement S6), and of what becomes part of one:
/// tokens, passwords, user names.
package enum HeaderText {
    /// The fault of a value, without showing it; `nil` if there is none.
    package static func problem(with value: String) -> String? {
        if value.utf8.contains(0x0D) || value.utf8.contains(0x0A) {
            return "holds a line break, which would begin another header"
        }
        if value.utf8.contains(0) { return "holds a NUL" }
        if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { return "holds a control character" }
        return nil
    }
}
