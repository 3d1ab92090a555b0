import NIOCore
import NIOHTTP1
import TLS

/// Asks an HTTP proxy for a tunnel: `CONNECT` (RFC 9110, section 9.3.6; RFC 6455, section 4.1).
struct HTTPConnectNegotiation: ProxyNegotiation {
    /// So many 1xx answers are read over.
    private static let mostInterimAnswers = 5

    private let proxy: WebSocketProxy
    private let server: String
    private let authority: String
    private let userAgent: String?
    private let wallClock: @Sendable () -> Int64
    private var parser = ResponseHeadParser()
    private var interimAnswers = 0
    /// Its body is being read.
    private var refusal: Refusal?

    init(
        proxy: WebSocketProxy,
        url: WebSocketURL,
        userAgent: String? = nil,
        wallClock: @escaping @Sendable () -> Int64 = { WallClock.now }
    ) {
        self.proxy = proxy
        server = url.server
        authority = url.authority
        self.userAgent = userAgent
        self.wallClock = wallClock
    }

    var greeting: ByteBuffer {
        var text = ByteBuffer(string: "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n")
        if let username = proxy.username {
            let pair = Array("\(username):\(proxy.password ?? "")".utf8)
            text.writeString("Proxy-Authorization: Basic \(Base64.encode(pair))\r\n")
        }
        if let userAgent { text.writeString("User-Agent: \(userAgent)\r\n") }
        text.writeString("\r\n")
        return text
    }

    var knownFailure: ConnectionFailure? { refusal?.known }

    mutating func received(_ buffer: inout ByteBuffer) -> ProxyNegotiationStep {
        if refusal != nil { return readRefusal(&buffer) }
        while true {
            let head: ResponseHead
            do throws(ResponseHeadError) {
                guard let whole = try parser.parse(&buffer) else { return .keepReading }
                head = whole
            } catch {
                return .failed(Self.failure(error, proxy))
            }
            switch head.status {
            case 100..<200:
                interimAnswers += 1
                guard interimAnswers <= Self.mostInterimAnswers else {
                    return .failed(.init("\(proxy.name) sends one interim answer (1xx) after another"))
                }
            case 200..<300:
                // The server speaks second: nobody has asked for these.
                guard buffer.readableBytes == 0 else {
                    return .failed(.init("\(proxy.name) sent more than its answer to CONNECT"))
                }
                return .open
            default:
                let failure = failure(head)
                // Without a length it ends with TCP, which proxies like to keep open.
                guard let begun = Refusal(failure, of: head), begun.isFramed else { return .failed(failure) }
                refusal = begun
                return readRefusal(&buffer)
            }
        }
    }

    private mutating func readRefusal(_ buffer: inout ByteBuffer) -> ProxyNegotiationStep {
        guard let isWhole = refusal?.receive(&buffer), let refusal else { return .keepReading }
        return isWhole ? .failed(refusal.known) : .keepReading
    }

    private static func failure(_ error: ResponseHeadError, _ proxy: WebSocketProxy) -> ConnectionFailure {
        switch error {
        case .notHTTP: .init("\(proxy.name) doesn't speak HTTP")
        case .malformed(let what): .init("\(proxy.name) sent no valid HTTP: \(what)")
        case .tooLarge(let limit): .init("\(proxy.name) sent more than \(limit) bytes of headers")
        }
    }

    private func failure(_ head: ResponseHead) -> ConnectionFailure {
        var failure = ConnectionFailure(
            "\(proxy.name) refused CONNECT to \(server): \(head.statusLine)",
            remedy: remedy(head.status)
        )
        if head.status == 407 {
            if proxy.username == nil { failure.reason += " (no username is configured)" }
            let asked = head.headers["Proxy-Authenticate"]
            if let complaint = AuthenticationChallenge.complaint(asked, spoken: ["Basic"]) {
                failure.reason += "; \(complaint)"
            }
        }
        if let text = head.headers.first(name: "Retry-After"), let wait = RetryAfter.parse(text, now: wallClock()) {
            failure.retryAfter = wait
            failure.reason += ", retry after \(wait.words)"
        }
        return failure
    }

    /// A 407 is a fault at once: many a proxy locks an account after a few wrong passwords.
    private func remedy(_ status: Int) -> ConnectionFailure.Remedy {
        switch status {
        case 408, 425, 429: .waiting
        case 300..<500: .person
        default: .waiting
        }
    }
}
