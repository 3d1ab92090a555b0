import TLS

@testable import WSClient

extension FuzzTarget {
    /// Input: a limit; then text from anywhere.
    static let logText = FuzzTarget(
        "log-text",
        "whatever a peer says is one printable line of bounded length"
    ) { bytes in
        var input = FuzzInput(bytes)
        let limit = Int(input.byte()) + 1
        let text = String(decoding: input.rest, as: UTF8.self)
        let shown = readable(text, limit: limit)
        try require(isOneLine(shown), "several lines: \(shown.debugDescription)")
        // A character that isn't printable becomes some ten.
        try require(shown.unicodeScalars.count <= 12 * (limit + 1), "\(shown.count) characters for \(limit)")
        let plain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        if plain, text.utf8.count <= limit { try require(shown == text, "changed: \(shown)") }
    }
}
