import NIOCore
import NIOHTTP1

@testable import WSClient

extension FuzzTarget {
    /// Input: where it is cut; then what the server answers.
    static let httpResponse = FuzzTarget(
        "http-response",
        "an answer means the same wherever it is cut, is no upgrade without the right accept, and is one line in a log"
    ) { bytes in
        var input = FuzzInput(bytes)
        let cut = Int(input.byte())
        let answer = input.rest
        let whole = try read([answer])
        let middle = answer.startIndex + min(cut, answer.count)
        let inTwo = try read([answer[..<middle], answer[middle...]])
        try require(inTwo == whole, "in two pieces \(inTwo), whole \(whole)")
        if answer.count <= 1024 {
            let byteByByte = try read(answer.indices.map { answer[$0...$0] })
            try require(byteByByte == whole, "byte by byte \(byteByByte), whole \(whole)")
        }
        try sameAnswer(answer, cutAt: middle)
        guard case .head(let head, _) = whole else { return }
        try require((100...999).contains(head.status), "the status \(head.status)")
        try require(isOneLine(head.statusLine), "a status line of several lines: \(head.statusLine)")
        for (name, value) in head.headers {
            try require(!name.isEmpty && name.utf8.allSatisfy(WebSocketHeaderError.isToken), "the header name \(name)")
            let isPlain = value.utf8.allSatisfy { ($0 >= 32 && $0 != 127) || $0 == 9 }
            try require(isPlain, "a control character in \(name)")
        }
        try judge(head)
    }

    /// The body too ends at the same place wherever it is cut, and what is shown of it is one line.
    private static func sameAnswer(_ bytes: ArraySlice<UInt8>, cutAt middle: Int) throws {
        let whole = answer([bytes])
        try require(answer([bytes[..<middle], bytes[middle...]]) == whole, "another answer in two pieces")
        if bytes.count <= 1024 {
            try require(answer(bytes.indices.map { bytes[$0...$0] }) == whole, "another answer byte by byte")
        }
        guard case .success(let body) = whole else { return }
        try require(body.count <= 256, "a body of \(body.count) bytes")
        let shown = ServerWords.shown(body, hiding: Redactor(["canary-token"])) ?? ""
        try require(isOneLine(shown) && shown.utf8.count <= 203, "shown as \(shown)")
    }

    private static func answer(_ pieces: [ArraySlice<UInt8>]) -> Result<[UInt8], HTTPAnswerReader.Failure> {
        var reader = HTTPAnswerReader(limit: 256)
        return Result { () throws(HTTPAnswerReader.Failure) in
            for piece in pieces {
                var buffer = ByteBuffer(bytes: piece)
                if let answer = try reader.receive(&buffer) { return answer.body }
            }
            return try reader.ended().body
        }
    }

    private static func judge(_ head: ResponseHead) throws {
        let request = try HandshakeRequest(
            url: WebSocketURL("ws://example.com/feed"),
            key: HandshakeKey(text: "dGhlIHNhbXBsZSBub25jZQ=="),
            subprotocols: ["chat"],
            headers: []
        )
        let verdict = HandshakeVerdict(head, to: request, wallClock: 1_800_000_000)
        switch verdict {
        case .established:
            try require(
                head.status == 101 && head.headers["Sec-WebSocket-Accept"] == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
                "established by \(head)"
            )
            let subprotocols = head.headers["Sec-WebSocket-Protocol"].filter { !$0.isEmpty }
            try require(subprotocols.isEmpty || subprotocols == ["chat"], "the subprotocols \(subprotocols)")
            try require(head.tokens("Sec-WebSocket-Extensions").isEmpty, "an extension that was not offered")
        case .keepReading:
            try require((100...199).contains(head.status) && head.status != 101, "reads on after \(head)")
        case .redirect:
            try require((300...399).contains(head.status), "a redirect by \(head)")
        case .failed(let failure):
            try require(isOneLine(failure.reason), "a reason of several lines: \(failure.reason)")
            if let wait = failure.retryAfter {
                try require(wait >= .zero && wait <= .hours(1), "waits \(wait)")
            }
        }
    }

    private enum Reading: Equatable {
        case head(ResponseHead, rest: Int)
        case waiting
        case refused
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) throws -> Reading {
        var parser = ResponseHeadParser(limit: 2048)
        var taken = 0
        let total = pieces.reduce(0) { $0 + $1.count }
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            do {
                let head = try parser.parse(&buffer)
                taken += piece.count - buffer.readableBytes
                if let head { return .head(head, rest: total - taken) }
                try require(buffer.readableBytes == 0, "bytes of an unfinished head are left")
            } catch is ResponseHeadError {
                return .refused
            }
        }
        return .waiting
    }
}

/// Whether a text can be shown in one line of a log, and steers no terminal.
func isOneLine(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}
