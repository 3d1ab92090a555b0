internal import COpenSSL

/// OpenSSL's queue of errors, which belongs to the thread: cleared around every use of ours, so that nobody
/// (libmosquitto on another connection least of all) trips over what someone else left in it.
enum OpenSSLErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    /// The newest error's code, 0 if there is none.
    static var newest: UInt {
        ERR_peek_last_error()
    }

    /// What the newest error says; the queue is empty afterwards.
    static func takeReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return reason(of: code)
    }

    static func reason(of code: UInt) -> String {
        guard code != 0 else { return "no reason given" }
        if let text = ERR_reason_error_string(code) {
            return String(cString: text)
        }
        return "error 0x" + String(code, radix: 16)
    }
}
