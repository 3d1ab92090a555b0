import NIOCore
import TLS

/// Asks a SOCKS5 proxy for a connection (RFC 1928), with a user name and a password if it wants them (RFC 1929).
///
/// Names go to the proxy as they are: it looks them up.
struct SOCKS5Negotiation: ProxyNegotiation {
    private enum State {
        /// Waits for the method that the proxy chose. Next: `credentials`, `reply`.
        case method
        /// Waits for whether it accepts user and password. Next: `reply`.
        case credentials
        /// Waits for the answer to the request.
        case reply
    }

    private enum Method {
        static let noAuthentication: UInt8 = 0
        static let usernameAndPassword: UInt8 = 2
        static let noneAcceptable: UInt8 = 0xFF
    }

    private static let version: UInt8 = 5
    private let proxy: WebSocketProxy
    private let url: WebSocketURL
    private var state = State.method
    private var bytes = ByteBuffer()

    init(proxy: WebSocketProxy, url: WebSocketURL) {
        self.proxy = proxy
        self.url = url
    }

    var greeting: ByteBuffer {
        let methods = proxy.username == nil ? [] : [Method.usernameAndPassword]
        return ByteBuffer(bytes: [Self.version, UInt8(1 + methods.count), Method.noAuthentication] + methods)
    }

    mutating func received(_ buffer: inout ByteBuffer) -> ProxyNegotiationStep {
        // The longest reply has 262 bytes; what is behind it is looked at once it is whole.
        bytes.writeImmutableBuffer(buffer.readSlice(length: min(buffer.readableBytes, 512)) ?? ByteBuffer())
        switch state {
        case .method: return methodChosen()
        case .credentials: return credentialsAnswered()
        case .reply: return replied()
        }
    }

    private mutating func methodChosen() -> ProxyNegotiationStep {
        guard let version: UInt8 = peek(0) else { return .keepReading }
        guard version == Self.version else { return .failed(.init("\(proxy.name) doesn't speak SOCKS5")) }
        guard let method: UInt8 = peek(1) else { return .keepReading }
        bytes.moveReaderIndex(forwardBy: 2)
        switch method {
        case Method.noAuthentication:
            state = .reply
            return afterAnswer(.send(request))
        case Method.usernameAndPassword where proxy.username != nil:
            state = .credentials
            return afterAnswer(.send(credentials))
        case Method.noneAcceptable:
            let hint = proxy.username == nil ? "it may want a username and a password" : "not by username and password"
            return .failed(.init("\(proxy.name) doesn't let us log in: \(hint)", remedy: .person))
        default:
            return .failed(.init("\(proxy.name) chose a way to log in that was not offered", remedy: .person))
        }
    }

    private mutating func credentialsAnswered() -> ProxyNegotiationStep {
        guard peek(0) != nil, let status = peek(1) else { return .keepReading }
        bytes.moveReaderIndex(forwardBy: 2)
        guard status == 0 else {
            return .failed(.init("\(proxy.name) refused the username and password", remedy: .person))
        }
        state = .reply
        return afterAnswer(.send(request))
    }

    private mutating func replied() -> ProxyNegotiationStep {
        guard let version = peek(0) else { return .keepReading }
        guard version == Self.version else { return .failed(.init("\(proxy.name) broke the SOCKS5 protocol")) }
        guard let code = peek(1) else { return .keepReading }
        guard code == 0 else { return .failed(refusal(code)) }
        guard let kind = peek(3) else { return .keepReading }
        let length: Int
        switch kind {
        case 1: length = 4 + 4 + 2
        case 4: length = 4 + 16 + 2
        case 3:
            guard let name = peek(4) else { return .keepReading }
            length = 4 + 1 + Int(name) + 2
        default: return .failed(.init("\(proxy.name) broke the SOCKS5 protocol"))
        }
        guard bytes.readableBytes >= length else { return .keepReading }
        bytes.moveReaderIndex(forwardBy: length)
        return afterAnswer(.open)
    }

    /// Whoever speaks unasked is not understood.
    private func afterAnswer(_ step: ProxyNegotiationStep) -> ProxyNegotiationStep {
        bytes.readableBytes == 0 ? step : .failed(.init("\(proxy.name) sent more than its answer"))
    }

    private func peek(_ offset: Int) -> UInt8? {
        bytes.getInteger(at: bytes.readerIndex + offset)
    }

    private var credentials: ByteBuffer {
        var buffer = ByteBuffer(bytes: [1])
        for text in [proxy.username ?? "", proxy.password ?? ""] {
            buffer.writeInteger(UInt8(truncatingIfNeeded: text.utf8.count))
            buffer.writeString(text)
        }
        return buffer
    }

    private var request: ByteBuffer {
        var buffer = ByteBuffer(bytes: [Self.version, 1, 0])
        if let address = IPAddress.bytes(of: url.host) {
            buffer.writeInteger(UInt8(address.count == 4 ? 1 : 4))
            buffer.writeBytes(address)
        } else {
            buffer.writeInteger(UInt8(3))
            buffer.writeInteger(UInt8(truncatingIfNeeded: url.host.utf8.count))
            buffer.writeString(url.host)
        }
        buffer.writeInteger(UInt16(truncatingIfNeeded: url.port))
        return buffer
    }

    /// RFC 1928, section 6.
    private func refusal(_ code: UInt8) -> ConnectionFailure {
        let (words, remedy): (String, ConnectionFailure.Remedy) =
            switch code {
            case 1: ("general failure", .waiting)
            case 2: ("not allowed by its rules", .person)
            case 3: ("network unreachable", .waiting)
            case 4: ("host unreachable", .waiting)
            case 5: ("connection refused", .waiting)
            case 6: ("time to live expired", .waiting)
            case 7: ("it doesn't know CONNECT", .person)
            case 8: ("it doesn't know this kind of address", .person)
            default: ("code \(code)", .waiting)
            }
        return ConnectionFailure("\(proxy.name) can't connect to \(url.server): \(words)", remedy: remedy)
    }
}
