extension TestWebSocketServer {
    /// How a server behaves towards one client.
    package struct Script: Sendable {
        package var handshake = Handshake.accept()
        /// Sent as soon as the handshake is done.
        package var onEstablished: [Sending] = []
        package var answersPings = true
        /// What its pongs carry, instead of the ping's own payload.
        package var pongPayload: [UInt8]?
        /// The TCP connection ends as soon as a ping comes.
        package var endsAtPing = false
        package var answersClose = true
        /// Sends every data message back.
        package var echoes = false
        /// What each text message is answered with.
        package var answers: (@Sendable (String) -> [Sending])?

        package init(
            _ handshake: Handshake = .accept(),
            onEstablished: [Sending] = [],
            answersPings: Bool = true,
            endsAtPing: Bool = false,
            answersClose: Bool = true,
            echoes: Bool = false,
            answers: (@Sendable (String) -> [Sending])? = nil
        ) {
            self.handshake = handshake
            self.onEstablished = onEstablished
            self.answersPings = answersPings
            self.endsAtPing = endsAtPing
            self.answersClose = answersClose
            self.echoes = echoes
            self.answers = answers
        }
    }

    /// What a client's handshake is answered with.
    package enum Handshake: Sendable {
        /// 101, with further headers, such as `Sec-WebSocket-Protocol`.
        case accept(headers: [(name: String, value: String)] = [])
        /// 101, or another status: by the request's `Authorization`.
        case authorize(@Sendable (String?) -> Int)
        /// Another status.
        case refuse(status: Int, headers: [(name: String, value: String)] = [], body: String = "")
        /// These bytes, once the request's head is read; then the TCP connection is closed or stays open.
        case raw([UInt8], closes: Bool)
        /// Nothing, ever.
        case silent
        /// The TCP connection ends as soon as it is accepted.
        case closeTCP
    }

    /// Something that a server sends.
    package enum Sending: Sendable {
        case text(String)
        case binary([UInt8])
        /// One message in as many frames as there are parts.
        case fragments([[UInt8]], isText: Bool)
        case ping([UInt8])
        case pong([UInt8])
        case close(code: UInt16, reason: String = "")
        /// A close frame without a code.
        case closeWithoutCode
        /// Bytes that need not be a frame.
        case raw([UInt8])
        /// The TCP connection ends, without a close frame.
        case endTCP
    }
}
