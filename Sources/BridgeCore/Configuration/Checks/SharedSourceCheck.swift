/// Several routes may share a source, but a UDP port or a FIFO is opened once, with one set of settings.
enum SharedSourceCheck {
    static func check(_ routes: [DecodedRoute], _ context: LoadingContext) {
        for (index, later) in routes.enumerated() {
            guard let source = later.source else { continue }
            for earlier in routes[..<index] {
                guard let other = earlier.source?.source, other != source.source, isSame(other, source.source) else {
                    continue
                }
                context.error(
                    "the routes \(earlier.name) and \(later.name) read the same source with different settings: make "
                        + "them the same",
                    at: source.position
                )
                break
            }
        }
    }

    private static func isSame(_ left: SourceConfiguration, _ right: SourceConfiguration) -> Bool {
        switch (left, right) {
        case (.udp(let left), .udp(let right)):
            left.address.port == right.address.port
                && SamePlace.numeric(left.address.host) == SamePlace.numeric(right.address.host)
        case (.fifo(let left), .fifo(let right)):
            SamePlace.path(left.path) == SamePlace.path(right.path)
        default:
            false
        }
    }
}

/// Addresses and paths in one form, so that they can be compared.
enum SamePlace {
    static func numeric(_ host: String) -> String {
        host.lowercased() == "localhost" ? "127.0.0.1" : host.lowercased()
    }

    /// Without empty and `.` parts.
    static func path(_ path: String) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + parts : parts
    }
}
