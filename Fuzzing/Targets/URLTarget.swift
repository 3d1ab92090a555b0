import TLS

@testable import WSClient

extension FuzzTarget {
    /// Input: a URL.
    static let url = FuzzTarget(
        "url",
        "what is accepted can stand in a request, shows no secret, and is the same again when put together from its parts"
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let url: WebSocketURL
        do throws(WebSocketURLError) {
            url = try WebSocketURL(text)
        } catch {
            try require(isOneLine(error.description), "an error of several lines: \(error)")
            return
        }
        try checkRequestTarget(of: url)
        let parts = try WebSocketURL(
            isSecure: url.isSecure,
            host: url.host,
            port: url.port,
            path: url.path,
            userInfo: url.userInfo
        )
        try require(parts == url, "\(parts) from the parts of \(url)")
        let shown = url.description
        try require(!shown.contains("@") || url.path.contains("@"), "user info in \(shown)")
        if let question = url.path.firstIndex(of: "?") {
            let query = url.path[question...]
            try require(query.count < 3 || !shown.contains(query), "a query in \(shown)")
        }
        if url.userInfo == nil, !url.path.contains("?") {
            try require(try WebSocketURL(shown) == url, "\(shown) reads as another URL")
        }
    }
}
