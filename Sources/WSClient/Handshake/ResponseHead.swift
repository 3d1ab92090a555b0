import NIOHTTP1
import TLS

/// The head of the server's answer: status and headers.
struct ResponseHead: Equatable {
    var status: Int
    /// As the server wrote it; may be anything.
    var reasonPhrase: String
    var headers: HTTPHeaders

    init(status: Int, reasonPhrase: String = "", headers: HTTPHeaders = [:]) {
        self.status = status
        self.reasonPhrase = reasonPhrase
        self.headers = headers
    }

    /// `503 Service Unavailable`: the registered phrase where there is one, else the server's, made printable.
    var statusLine: String {
        let known = HTTPResponseStatus(statusCode: status).reasonPhrase
        let phrase = known.isEmpty ? readable(reasonPhrase, limit: 60) : known
        return phrase.isEmpty ? "\(status)" : "\(status) \(phrase)"
    }

    /// Headers of this name as a list of tokens (RFC 9110, section 5.6.1).
    func tokens(_ name: String) -> [String] {
        headers[canonicalForm: name].map(String.init).filter { !$0.isEmpty }
    }
}
