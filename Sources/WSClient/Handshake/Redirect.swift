/// Whether and where a redirect leads (requirement S3).
struct Redirect {
    /// More are never followed, whatever the configuration says.
    static let most = 3

    /// How many this attempt may follow.
    let allowed: Int
    private(set) var followed = 0

    init(allowed: Int) {
        self.allowed = min(max(0, allowed), Self.most)
    }

    /// The address that a `Location` names, seen from the one that was asked.
    ///
    /// Credentials in it are ignored; ours stay with the address they were written for.
    mutating func follow(_ location: String, from url: WebSocketURL) throws(ConnectionFailure) -> WebSocketURL {
        guard let target = Self.resolve(location, from: url) else {
            throw ConnectionFailure("server redirects to an address that can't be used", remedy: .person)
        }
        guard followed < allowed else {
            let advice = allowed == 0 ? "redirects are not followed" : "\(allowed) redirects were followed already"
            throw ConnectionFailure("server redirects to \(target), but \(advice)", remedy: .person)
        }
        guard target.isSecure || !url.isSecure else {
            throw ConnectionFailure("server redirects to \(target), which is not encrypted: refused", remedy: .person)
        }
        followed += 1
        return target
    }

    /// Whether what identifies us to one address may be sent to the other: the same host and port, or the same host
    /// where `ws` on its default port became `wss`.
    static func sharesCredentials(_ url: WebSocketURL, _ target: WebSocketURL) -> Bool {
        guard url.host.lowercased() == target.host.lowercased(), url.socketPath == target.socketPath else {
            return false
        }
        return url.port == target.port || (url.port == 80 && target.port == 443 && target.isSecure)
    }

    private static func resolve(_ location: String, from url: WebSocketURL) -> WebSocketURL? {
        let text = String(location.prefix { $0 != "#" })
        let lower = text.lowercased()
        let scheme = url.isSecure ? "wss:" : "ws:"
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") {
            return parsed("ws" + text.dropFirst(4))
        }
        if lower.hasPrefix("ws://") || lower.hasPrefix("wss://") {
            return parsed(text)
        }
        if text.hasPrefix("//") {
            return parsed(scheme + text)
        }
        guard !text.isEmpty, !text.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") else { return nil }
        let path = String(url.path.prefix { $0 != "?" })
        let target: String =
            if text.hasPrefix("/") {
                text
            } else if text.hasPrefix("?") {
                path + text
            } else {
                String(path[...(path.lastIndex(of: "/") ?? path.startIndex)]) + text
            }
        return try? url.withPath(target)
    }

    private static func parsed(_ text: String) -> WebSocketURL? {
        guard let url = try? WebSocketURL(text) else { return nil }
        return try? WebSocketURL(isSecure: url.isSecure, host: url.host, port: url.port, path: url.path)
    }
}
