import TLS
import WSClient

/// `HOST:PORT`, an IPv6 address in brackets.
enum SocketAddressText {
    /// The fault, and what to write instead.
    struct Problem: Error, Equatable {
        var message: String
    }

    /// Both host and port.
    static func parse(_ text: String) throws(Problem) -> UDPAddress {
        let form = "write HOST:PORT, such as \"127.0.0.1:5005\""
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            throw Problem(message: "the host is missing: \(form)")
        }
        let place: HostAndPort
        do throws(WebSocketURLError) {
            place = try HostAndPort(text[...])
        } catch {
            throw Problem(message: error.description)
        }
        guard let port = place.port else { throw Problem(message: "the port is missing: \(form)") }
        guard port > 0 else { throw Problem(message: "the port can't be 0: \(form)") }
        return UDPAddress(host: place.host.text, port: port)
    }
}
