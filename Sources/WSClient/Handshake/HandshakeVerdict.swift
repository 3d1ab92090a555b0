import NIOCore
import NIOHTTP1
import TLS

/// What a response head means for the handshake (RFC 6455, section 4.1).
enum HandshakeVerdict: Equatable {
    case established(subprotocol: String?, compression: CompressionAgreement? = nil)
    /// 1xx: the answer is still to come.
    case keepReading
    case redirect(location: String)
    case failed(ConnectionFailure)

    /// Judges an answer; the wall clock, in seconds since 1970, is for a `Retry-After` that is a date.
    init(_ head: ResponseHead, to request: HandshakeRequest, wallClock: Int64) {
        switch head.status {
        case 101:
            self = Self.switching(head, to: request)
        case 100..<200:
            self = .keepReading
        case 301, 302, 303, 307, 308:
            if let location = head.headers.first(name: "Location"), !location.isEmpty {
                self = .redirect(location: location)
            } else {
                self = .failed(.init("server answered \(head.statusLine) without a Location", remedy: .person))
            }
        default:
            self = .failed(Self.refusal(head, to: request, wallClock: wallClock))
        }
    }

    private static func switching(_ head: ResponseHead, to request: HandshakeRequest) -> HandshakeVerdict {
        guard head.tokens("Upgrade").map({ $0.lowercased() }) == ["websocket"] else {
            return .failed(.init("server answered 101 without \"Upgrade: websocket\""))
        }
        guard head.tokens("Connection").contains(where: { $0.lowercased() == "upgrade" }) else {
            return .failed(.init("server answered 101 without \"Connection: Upgrade\""))
        }
        guard head.headers["Sec-WebSocket-Accept"] == [request.key.accept] else {
            return .failed(.init("server's Sec-WebSocket-Accept doesn't match: it may be no WebSocket server"))
        }
        let compression: CompressionAgreement?
        do throws(ConnectionFailure) {
            compression = try agreement(head, to: request)
        } catch {
            return .failed(error)
        }
        // A server that answers with the header and nothing in it has chosen none.
        let chosen = head.headers["Sec-WebSocket-Protocol"].filter { !$0.isEmpty }
        guard let subprotocol = chosen.first else { return .established(subprotocol: nil, compression: compression) }
        guard chosen.count == 1, request.subprotocols.contains(subprotocol) else {
            let name = readable(subprotocol, limit: 60)
            return .failed(.init("server chose the subprotocol \"\(name)\", which was not offered", remedy: .person))
        }
        return .established(subprotocol: subprotocol, compression: compression)
    }

    /// What the server chose of the extensions that were offered (RFC 6455, section 9.1).
    private static func agreement(
        _ head: ResponseHead,
        to request: HandshakeRequest
    ) throws(ConnectionFailure) -> CompressionAgreement? {
        let chosen: [ExtensionHeader.Element]
        do throws(ExtensionHeader.SyntaxError) {
            chosen = try ExtensionHeader.parse(head.headers["Sec-WebSocket-Extensions"].joined(separator: ","))
        } catch {
            throw .init("server's Sec-WebSocket-Extensions is malformed")
        }
        do throws(ExtensionRefusal) {
            guard let offer = request.compression else {
                if let first = chosen.first { throw .notOffered(first.name) }
                return nil
            }
            return try offer.agreement(with: chosen)
        } catch {
            throw .init("\(error)", remedy: .person)
        }
    }

    private static func refusal(
        _ head: ResponseHead,
        to request: HandshakeRequest,
        wallClock: Int64
    ) -> ConnectionFailure {
        var failure = ConnectionFailure("server answered \(head.statusLine)", remedy: remedy(head.status))
        if head.status < 300 {
            failure.reason += " instead of switching to WebSocket"
        }
        // "At once" is no request to come back later.
        if let text = head.headers.first(name: "Retry-After"),
            let wait = RetryAfter.parse(text, now: wallClock), wait > .zero
        {
            failure.retryAfter = wait
            failure.reason += ", retry after \(wait.words)"
        }
        failure.refusesCredentials = failure.remedy == .credentials && failure.retryAfter == nil
        let challenge = head.status == 401 ? complaint(about: head, request) : nil
        if let advice = challenge ?? advice(head.status) { failure.reason += "; \(advice)" }
        return failure
    }

    /// Names the schemes that the server asks for and can't get; the user's own `Authorization` may be of any scheme.
    private static func complaint(about head: ResponseHead, _ request: HandshakeRequest) -> String? {
        let authorization = request.headers.first { $0.name.lowercased() == "authorization" }?.value
        let own = authorization?.split(separator: " ").first.map { String($0) }
        let asked = head.headers["WWW-Authenticate"]
        guard AuthenticationChallenge.complaint(asked, spoken: [own].compactMap { $0 }) != nil else { return nil }
        return AuthenticationChallenge.complaint(asked, spoken: ["Basic", "Bearer"])
    }

    /// What usually helps, for the reader of the log; `nil` where the status says it all.
    private static func advice(_ status: Int) -> String? {
        switch status {
        case 200..<300, 404: "look at the URL's path"
        case 401, 403: "look at the token or password"
        default: nil
        }
    }

    private static func remedy(_ status: Int) -> ConnectionFailure.Remedy {
        switch status {
        case 401, 403: .credentials
        case 408, 425, 429: .waiting
        case 300..<500: .person
        default: .waiting
        }
    }
}
