internal import Glibc

/// A system call's no: which call, and why.
package struct KernelError: Error, Equatable, CustomStringConvertible {
    /// The call's name, or what it was for.
    package var call: String
    /// The value of `errno`.
    package var code: CInt

    package init(_ call: String, code: CInt = errno) {
        self.call = call
        self.code = code
    }

    /// The kernel's words for the code, as in "address already in use".
    package var reason: String { Self.words(for: code) }

    /// The kernel's words for an `errno`.
    package static func words(for code: CInt) -> String {
        let text = String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    package var description: String { "\(call): \(reason)" }
}
