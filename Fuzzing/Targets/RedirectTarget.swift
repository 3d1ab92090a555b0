import TLS

@testable import WSClient

extension FuzzTarget {
    /// Input: flags; then the Location header.
    static let redirect = FuzzTarget(
        "redirect",
        "a redirect never leads out of TLS, past the limit or with credentials of its own, and can be written in a request"
    ) { bytes in
        var input = FuzzInput(bytes)
        let flags = input.byte()
        let start = try WebSocketURL(flags & 1 == 0 ? "wss://example.com/a/b?q=1" : "ws://example.com:8080/a/b")
        let allowed = Int(flags >> 1 & 7)
        var redirect = Redirect(allowed: allowed)
        let location = String(decoding: input.rest, as: UTF8.self)
        var url = start
        var followed = 0
        do {
            while followed <= 4 {
                let target = try redirect.follow(location, from: url)
                followed += 1
                try require(target.isSecure || !url.isSecure, "from \(url) to \(target)")
                try require(target.userInfo == nil, "a redirect with credentials")
                try checkRequestTarget(of: target)
                if WebSocketURL.isSameServer(target, url) != Redirect.sharesCredentials(url, target) {
                    try require(
                        !Redirect.sharesCredentials(url, target) || (url.port == 80 && target.port == 443),
                        "credentials go from \(url) to \(target)"
                    )
                }
                url = target
            }
        } catch let failure as ConnectionFailure {
            try require(isOneLine(failure.reason), "a reason of several lines: \(failure.reason)")
        }
        try require(followed <= min(allowed, 3), "\(followed) redirects followed, \(allowed) allowed")
    }
}

extension WebSocketURL {
    fileprivate static func isSameServer(_ one: WebSocketURL, _ other: WebSocketURL) -> Bool {
        one.host.lowercased() == other.host.lowercased() && one.port == other.port
    }
}

/// Whether a URL's parts can stand in a request's lines.
func checkRequestTarget(of url: WebSocketURL) throws {
    try require(url.path.hasPrefix("/") && !url.path.contains("#"), "the path \(url.path)")
    try require(url.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "the path \(url.path)")
    try require(!url.host.isEmpty && url.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "the host \(url.host)")
    try require((1...65535).contains(url.port), "the port \(url.port)")
}
