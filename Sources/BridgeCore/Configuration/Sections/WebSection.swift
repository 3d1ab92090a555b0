import TLS

/// The keys of `web`.
enum WebKeys {
    static let listen = Key(
        "listen",
        .text("an address such as 127.0.0.1:8780, or none"),
        default: .model(\WebConfiguration.listen),
        "Where page, API and metrics are served; on this machine only. `none` switches them off."
    )

    static let place = Place(
        id: "web",
        path: "web",
        meaning: "The status page, the read-only API and the metrics.",
        keys: [listen.described]
    )
}

enum WebSection {
    static func read(_ reader: MappingReader) -> WebConfiguration? {
        var web = WebConfiguration()
        guard let listen = reader.read(WebKeys.listen) else { return web }
        let position = reader.valuePosition(WebKeys.listen.name)
        web.isConfigured = true
        guard listen != "none" else {
            web.listen = nil
            return web
        }
        do throws(SocketAddressText.Problem) {
            let address = try SocketAddressText.parse(listen)
            guard HostName.isLoopback(address.host) else {
                reader.error(
                    "listen: only this machine may reach the page, which asks for no password: write "
                        + "127.0.0.1:\(address.port), and put a proxy with a login in front of it",
                    at: position
                )
                return web
            }
            web.listen = address.description
            reader.context.notInEffect("web", "no page, API or metrics are served", at: position)
        } catch {
            reader.error("listen: \(error.message)", at: position)
        }
        return web
    }
}
