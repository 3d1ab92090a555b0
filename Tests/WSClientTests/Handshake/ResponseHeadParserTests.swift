import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import WSClient

struct ResponseHeadParserTests {
    private func parse(_ text: String, limit: Int = 16 << 10) throws(ResponseHeadError) -> ResponseHead? {
        var parser = ResponseHeadParser(limit: limit)
        var buffer = ByteBuffer(string: text)
        return try parser.parse(&buffer)
    }

    @Test func readsStatusAndHeaders() throws {
        let head = try parse("HTTP/1.1 503 Gone fishing\r\nRetry-After:  5 \r\nX:\r\nx: b\r\n\r\n")
        #expect(
            head
                == ResponseHead(
                    status: 503,
                    reasonPhrase: "Gone fishing",
                    headers: ["Retry-After": "5", "X": "", "x": "b"]
                )
        )
        #expect(head?.headers.first(name: "retry-after") == "5")
        #expect(try parse("HTTP/1.1 200\r\n\r\n") == ResponseHead(status: 200))
        #expect(try parse("HTTP/1.0 404 \r\n\r\n") == ResponseHead(status: 404))
    }

    @Test func whereverTheHeadIsCutItReadsTheSameAndLeavesWhatFollows() throws {
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nA: b\r\n\r\n"
        let wire = Array((head + "\u{1}\u{2}\r\n\r\n").utf8)
        for cut in 0...wire.count {
            var parser = ResponseHeadParser()
            var first = ByteBuffer(bytes: wire[..<cut])
            var second = ByteBuffer(bytes: wire[cut...])
            var found = try parser.parse(&first)
            var rest = first
            if found == nil {
                #expect(first.readableBytes == 0)
                found = try parser.parse(&second)
                rest = second
            } else {
                rest.writeBuffer(&second)
            }
            #expect(found?.status == 101)
            #expect(found?.headers.count == 2)
            #expect(String(buffer: rest) == "\u{1}\u{2}\r\n\r\n")
        }
    }

    @Test(
        "RFC 9112 2.2: LF alone ends a line, wherever the head is cut",
        arguments: ["\n", "\r\n"],
        ["\n", "\r\n"]
    )
    func linesMayEndWithLFAlone(first: String, last: String) throws {
        let wire = Array("HTTP/1.1 403 Forbidden\(first)A: b\(last)C: d\(first)\(last)\n\nrest".utf8)
        for cut in 0...wire.count {
            var parser = ResponseHeadParser()
            var before = ByteBuffer(bytes: wire[..<cut])
            var after = ByteBuffer(bytes: wire[cut...])
            let found = try parser.parse(&before)
            if found == nil { before.clear() }
            let head = try found ?? parser.parse(&after)
            #expect(head == ResponseHead(status: 403, reasonPhrase: "Forbidden", headers: ["A": "b", "C": "d"]))
            before.writeBuffer(&after)
            #expect(String(buffer: before) == "\n\nrest", "cut at \(cut)")
        }
    }

    @Test("RFC 9112 5.2: a folded line is one with a space in it") func unfolds() throws {
        let head = try parse("HTTP/1.1 401 x\r\nA: b,\r\n\t  c\n d\r\nE: f\r\n\r\n")
        #expect(head?.headers == ["A": "b, c d", "E": "f"])
    }

    @Test func readsOneHeadAfterAnother() throws {
        var parser = ResponseHeadParser()
        var buffer = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
        #expect(try parser.parse(&buffer)?.status == 100)
        #expect(try parser.parse(&buffer)?.status == 200)
        #expect(buffer.readableBytes == 0)
    }

    @Test("S3: headers beyond the limit are refused, and not kept") func boundsTheHead() throws {
        let limit = 16 << 10
        let start = "HTTP/1.1 101 Switching Protocols\r\nX: "
        let fits = start + String(repeating: "x", count: limit - start.utf8.count - 4) + "\r\n\r\n"
        #expect(try parse(fits)?.status == 101)
        #expect(throws: ResponseHeadError.tooLarge(limit: limit)) {
            try parse(start + String(repeating: "x", count: limit - start.utf8.count - 3) + "\r\n\r\n")
        }

        var parser = ResponseHeadParser()
        var drip = ByteBuffer(string: start)
        var taken = 0
        let error = #expect(throws: ResponseHeadError.self) {
            while true {
                taken += drip.readableBytes
                _ = try parser.parse(&drip)
                drip.writeString("x")
            }
        }
        #expect(error == .tooLarge(limit: limit))
        #expect(taken == limit)
    }

    @Test(
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}", "220 mail.example.com ESMTP\r\n", "HTTP/2", "\r\n",
        ]
    )
    func noticesAtOnceThatItIsNotHTTP(text: String) {
        #expect(throws: ResponseHeadError.notHTTP) { try parse(text) }
    }

    @Test(
        arguments: [
            "HTTP/1.2 101 X\r\n\r\n", "HTTP/1.1 1 X\r\n\r\n", "HTTP/1.1 1010 X\r\n\r\n", "HTTP/1.1  101 X\r\n\r\n",
            "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.0 101 X\r\n\r\n", "HTTP/1.1 200 OK\r\nA\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
            "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\u{0}\r\n\r\n",
        ]
    )
    func refusesMalformedHeads(text: String) {
        let error = #expect(throws: ResponseHeadError.self) { try parse(text) }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func randomBytesCrashNothing() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            var parser = ResponseHeadParser(limit: 128)
            var buffer = ByteBuffer(string: "HTTP/1.1 ")
            for _ in 0..<Int.random(in: 0..<40, using: &generator) {
                buffer.writeBytes(
                    [
                        [13, 10], [13, 10, 13, 10], [58], [UInt8.random(in: .min ... .max, using: &generator)],
                        [49, 48, 49],
                    ]
                    .randomElement(using: &generator) ?? []
                )
            }
            _ = try? parser.parse(&buffer)
        }
    }
}
