import NIOCore
import TestSupport

/// What a hostile server does to us, and what has to come of it.
struct HostileAct: Sendable {
    var name: String
    var steps: [HostileServer.Step]
    /// The close code that the server must get from us; `nil` where there is no WebSocket to close.
    var closeCode: UInt16?
    /// What the reason says, in the log and in the status; of several, parted by `|`, one.
    var reason: String
    var isFault = false
    /// Whether we expect TLS.
    var isSecure = false
    /// Further keys of the connection, a line each.
    var keys = ""

    /// The connection's state afterwards; it doesn't reconnect by itself.
    var endState: String { isFault ? "fault" : "disconnected" }

    func isReason(_ text: String) -> Bool { reason.split(separator: "|").contains { text.contains($0) } }

    static let all = frames + closeFrames + cutText + handshakes + resets + floods

    static let handshake = """
        HTTP/1.1 101 Switching Protocols\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Accept: ACCEPT\r
        \r

        """

    /// After a good handshake these bytes; then everything is as the client wants it.
    private static func frames(
        _ name: String,
        _ bytes: [UInt8],
        _ closeCode: UInt16,
        _ reason: String
    ) -> HostileAct {
        HostileAct(
            name: name,
            steps: [.answer(handshake), .send(bytes), .awaitClose, .end],
            closeCode: closeCode,
            reason: reason
        )
    }

    // MARK: RFC 6455, sections 5 and 8

    private static let frames: [HostileAct] =
        [
            frames("masked", frame(1, [65], key: [1, 2, 3, 4]), 1002, "masked frame"),
            frames("rsv1", frame(1, [65], reserved: 4), 1002, "reserved bits"),
            frames("rsv2", frame(2, [65], reserved: 2), 1002, "reserved bits"),
            frames("rsv3-ping", frame(9, reserved: 1), 1002, "reserved bits"),
            frames("long-ping", frame(9, zeros(126)), 1002, "more than 125 bytes"),
            frames("long-close", frame(8, [3, 232] + zeros(124)), 1002, "more than 125 bytes"),
            frames("fragmented-ping", frame(9, [65], final: false), 1002, "control frame is fragmented"),
            frames("fragmented-close", frame(8, final: false), 1002, "control frame is fragmented"),
            frames("stray-continuation", frame(0, [65]), 1002, "without a message to continue"),
            frames("interrupted", frame(1, [65], final: false) + frame(2, [66]), 1002, "a new message began"),
            frames("length16-for-5", [0x82, 126, 0, 5] + zeros(5), 1002, "more bytes than needed"),
            frames("length64-for-5", [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5] + zeros(5), 1002, "more bytes than needed"),
            frames("length-top-bit", [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002, "most significant bit"),
            frames(
                "length-2-63-less-1",
                [0x82, 127, 0x7F] + [UInt8](repeating: 0xFF, count: 7),
                1009,
                "declares 9223372036854775807 bytes"
            ),
            frames("too-large", [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1], 1009, "declares 65537 bytes"),
            frames("million-empty-fragments", millionEmptyFragments, 1009, "more than 131072 fragments"),
            frames("invalid-text", frame(1, [65, 0xFF]), 1007, "not valid UTF-8"),
            frames("overlong-text", frame(1, [0xC0, 0xAF]), 1007, "not valid UTF-8"),
            frames("surrogate-text", frame(1, [0xED, 0xA0, 0x80]), 1007, "not valid UTF-8"),
            frames(
                "invalid-over-fragments",
                frame(1, [0xF0, 0x9F], final: false) + frame(0, [0x41]),
                1007,
                "not valid UTF-8"
            ),
        ]
        + [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map { opcode in
            frames("opcode-\(opcode)", frame(opcode), 1002, "unknown opcode \(opcode)")
        }

    private static let millionEmptyFragments =
        frame(1, final: false) + [UInt8](repeating: 0, count: 2_000_000)

    /// A text of characters of each width, ended after each byte that isn't a character's last.
    private static let cutText: [HostileAct] = {
        let text = Array("ß東🚀".utf8)
        return [1, 3, 4, 6, 7, 8].flatMap { count in
            [
                frames("text-cut-at-\(count)", frame(1, Array(text[..<count])), 1007, "not valid UTF-8"),
                frames(
                    "fragments-cut-at-\(count)",
                    frame(1, Array(text[..<count]), final: false) + frame(0),
                    1007,
                    "not valid UTF-8"
                ),
            ]
        }
    }()

    // MARK: RFC 6455, section 7.4

    private static let closeFrames: [HostileAct] =
        [
            frames("close-of-1-byte", frame(8, [3]), 1002, "too few for a code"),
            frames("close-reason-invalid", frame(8, [3, 232, 0xFF]), 1007, "reason is not valid UTF-8"),
            frames("close-reason-cut", frame(8, [3, 232, 0xE2, 0x82]), 1007, "reason is not valid UTF-8"),
        ]
        + [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535].map { code in
            frames(
                "close-\(code)",
                frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)]),
                1002,
                "the code \(code), which may not be sent"
            )
        }
        + [
            HostileAct(
                name: "close-unanswered",
                steps: [.answer(handshake), .send(frame(8, [3, 232])), .awaitEnd],
                closeCode: 1000,
                reason: "server closed the connection: 1000"
            ),
            HostileAct(
                name: "violation-unanswered",
                steps: [.answer(handshake), .send(frame(3)), .awaitEnd],
                closeCode: 1002,
                reason: "unknown opcode 3"
            ),
            HostileAct(
                name: "no-close-frame",
                steps: [.answer(handshake), .send(frame(1, [65])), .end],
                reason: "without a close frame"
            ),
            HostileAct(
                name: "half-a-frame",
                steps: [.answer(handshake), .send([0x81, 100, 65, 66]), .end],
                reason: "without a close frame"
            ),
        ]

    // MARK: Handshakes

    private static func answer(
        _ name: String,
        _ text: String,
        _ reason: String,
        isFault: Bool = false
    ) -> HostileAct {
        HostileAct(name: name, steps: [.answer(text), .awaitEnd], reason: reason, isFault: isFault)
    }

    private static func handshake(without line: String, _ replacement: String = "") -> String {
        handshake.replacing(line + "\r\n", with: replacement.isEmpty ? "" : replacement + "\r\n")
    }

    private static let handshakes: [HostileAct] = [
        answer(
            "wrong-accept",
            handshake.replacing("ACCEPT", with: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            "Sec-WebSocket-Accept"
        ),
        answer("no-accept", handshake(without: "Sec-WebSocket-Accept: ACCEPT"), "Sec-WebSocket-Accept"),
        answer("no-upgrade", handshake(without: "Upgrade: websocket"), "without \"Upgrade: websocket\""),
        answer(
            "other-upgrade",
            handshake(without: "Upgrade: websocket", "Upgrade: h2c"),
            "without \"Upgrade: websocket\""
        ),
        answer("no-connection", handshake(without: "Connection: Upgrade"), "without \"Connection: Upgrade\""),
        answer(
            "connection-close",
            handshake(without: "Connection: Upgrade", "Connection: close"),
            "Connection: Upgrade"
        ),
        answer(
            "extension",
            handshake.replacing("Connection:", with: "Sec-WebSocket-Extensions: permessage-deflate\r\nConnection:"),
            "extension",
            isFault: true
        ),
        answer(
            "subprotocol",
            handshake.replacing("Connection:", with: "Sec-WebSocket-Protocol: other\r\nConnection:"),
            "subprotocol \"other\"",
            isFault: true
        ),
        answer("http-1-0", handshake.replacing("HTTP/1.1", with: "HTTP/1.0"), "HTTP/1.0"),
        answer("not-http", "SSH-2.0-OpenSSH_9.2\r\n", "doesn't speak HTTP"),
        answer("folded-header", "HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", "instead of switching to WebSocket"),
        answer(
            "hostile-status-line",
            "HTTP/1.1 599 fine\u{1b}[2J\u{202e} really\r\n\r\n",
            #"599 fine\u{1b}[2J\u{202e} really"#
        ),
        HostileAct(
            name: "hostile-close-reason",
            steps: [
                .answer(handshake), .send(frame(8, [15, 160] + Array("bye\r\nFORGED line\u{1b}[31m".utf8))),
                .awaitClose, .end,
            ],
            closeCode: 4000,
            reason: #"bye\r\nFORGED line\u{1b}[31m"#
        ),
        HostileAct(
            name: "body-without-end",
            steps: [.answer("HTTP/1.1 200 OK\r\n\r\n"), .flood(Array("<p>more</p>\n".utf8))],
            reason: "answered 200 OK"
        ),
        HostileAct(
            name: "headers-without-end",
            steps: [.answer("HTTP/1.1 101 Switching Protocols\r\n"), .flood(Array("X: y\r\n".utf8))],
            reason: "more than 16384 bytes of headers"
        ),
        HostileAct(
            name: "interim-flood",
            steps: [.readRequest, .flood(Array("HTTP/1.1 102 Processing\r\n\r\n".utf8))],
            reason: "one interim answer (1xx) after another"
        ),
        HostileAct(
            name: "drip",
            steps: [
                .readRequest, .drip(Array("HTTP/1.1 101 Switching Protocols\r\n".utf8), every: .milliseconds(400)),
            ],
            reason: "no answer to the WebSocket handshake",
            keys: "connect_timeout: 8s"
        ),
        HostileAct(
            name: "silence",
            steps: [.readRequest, .awaitEnd],
            reason: "no answer to the WebSocket handshake",
            keys: "connect_timeout: 8s"
        ),
        HostileAct(
            name: "silence-in-tls",
            steps: [.stopReading, .awaitEnd],
            reason: "TLS",
            isSecure: true,
            keys: "connect_timeout: 8s"
        ),
        HostileAct(
            name: "plain-text-for-tls",
            steps: [.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .awaitEnd],
            reason: "TLS",
            isSecure: true
        ),
    ]

    // MARK: Ends at every stage

    /// TCP's end with a request unread is a reset, and where it comes first depends on who is quicker.
    private static let ended = "during the WebSocket handshake|reset by|without a close frame|TLS"

    private static let resets: [HostileAct] = [
        HostileAct(name: "end-at-once", steps: [.end], reason: ended),
        HostileAct(name: "reset-at-once", steps: [.reset], reason: ended),
        HostileAct(name: "end-after-request", steps: [.readRequest, .end], reason: ended),
        HostileAct(name: "reset-after-request", steps: [.readRequest, .reset], reason: ended),
        HostileAct(
            name: "end-within-head",
            steps: [.answer("HTTP/1.1 101 Swi"), .end],
            reason: ended
        ),
        HostileAct(name: "reset-when-established", steps: [.answer(handshake), .reset], reason: ended),
        HostileAct(
            name: "reset-within-frame",
            steps: [.answer(handshake), .send([0x82, 126, 1, 0, 7]), .reset],
            reason: ended
        ),
        HostileAct(name: "end-within-tls", steps: [.end], reason: ended, isSecure: true),
        HostileAct(name: "reset-within-tls", steps: [.reset], reason: ended, isSecure: true),
    ]

    // MARK: Floods, which end when the test does

    private static let floods: [HostileAct] = [
        HostileAct(name: "flood-of-pings", steps: [.answer(handshake), .flood(frame(9, zeros(125)))], reason: ""),
        HostileAct(
            name: "flood-of-pings-unread",
            steps: [.answer(handshake), .stopReading, .flood(frame(9, zeros(125)))],
            reason: ""
        ),
        HostileAct(name: "flood-of-empty-messages", steps: [.answer(handshake), .flood(frame(2))], reason: ""),
    ]

    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

/// A frame put together by hand, right or wrong.
func frame(
    _ opcode: UInt8,
    _ payload: [UInt8] = [],
    final: Bool = true,
    reserved: UInt8 = 0,
    key: [UInt8]? = nil
) -> [UInt8] {
    let length = payload.count
    let header = [(final ? 0x80 : 0) | reserved << 4 | opcode]
    let masked: UInt8 = key == nil ? 0 : 0x80
    let lengths = length < 126 ? [masked | UInt8(length)] : [masked | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
    guard let key else { return header + lengths + payload }
    return header + lengths + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}
