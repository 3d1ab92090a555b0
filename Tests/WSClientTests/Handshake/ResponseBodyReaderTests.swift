import NIOCore
import NIOHTTP1
import Testing

@testable import WSClient

struct ResponseBodyReaderTests {
    private func reader(_ headers: HTTPHeaders, status: Int = 403, limit: Int = 64) -> ResponseBodyReader {
        ResponseBodyReader(of: ResponseHead(status: status, headers: headers), limit: limit)
    }

    private static let chunked: HTTPHeaders = ["Transfer-Encoding": "chunked"]

    @Test(
        "RFC 9112 6.3 and 7.1: each framing reads the same wherever the stream is cut, and takes nothing that follows",
        arguments: [
            (HTTPHeaders([("Content-Length", "5")]), "hello", "hello"),
            (HTTPHeaders([("content-length", "5, 5")]), "hello", "hello"),
            (chunked, "5\r\nhello\r\n0\r\n\r\n", "hello"),
            (chunked, "1\r\nh\r\n4;ext=\"x\"\r\nello\r\n0\r\nTrailer: x\r\n\r\n", "hello"),
            (chunked, "0000A\r\nhello, you\r\n0 \r\n\r\n", "hello, you"),
            // Lines that end with LF alone (section 2.2).
            (chunked, "2\nhe\n3\nllo\n0\n\n", "hello"),
            (
                HTTPHeaders([("Transfer-Encoding", "chunked"), ("Content-Length", "1")]), "5\r\nhello\r\n0\r\n\r\n",
                "hello"
            ),
        ]
    )
    func readsTheWhole(headers: HTTPHeaders, wire: String, body: String) {
        let bytes = Array((wire + "REST").utf8)
        for cut in 0...bytes.count {
            var reader = reader(headers)
            var first = ByteBuffer(bytes: bytes[..<cut])
            var second = ByteBuffer(bytes: bytes[cut...])
            reader.receive(&first)
            reader.receive(&second)
            #expect(reader.progress == .complete, "cut at \(cut)")
            #expect(reader.bytes == Array(body.utf8), "cut at \(cut)")
            #expect(first.readableBytes + second.readableBytes == 4, "cut at \(cut)")
        }
    }

    @Test func withoutALengthItEndsWithTCP() {
        var reader = reader([:])
        #expect(!reader.isFramed)
        var buffer = ByteBuffer(string: "hello")
        reader.receive(&buffer)
        #expect(reader.progress == .keepReading)
        reader.ended()
        #expect(reader.progress == .complete && reader.bytes == Array("hello".utf8))
    }

    @Test func aFramedBodyThatTCPCutsIsNotWhole() {
        var reader = reader(["Content-Length": "5"])
        var buffer = ByteBuffer(string: "hell")
        reader.receive(&buffer)
        reader.ended()
        #expect(reader.progress == .keepReading)
    }

    @Test(
        arguments: [
            (HTTPHeaders([("Content-Length", "0")]), 403), (HTTPHeaders([("Content-Length", "5")]), 204),
            (HTTPHeaders([("Content-Length", "5")]), 304), (HTTPHeaders(), 204),
        ]
    )
    func someAnswersHaveNone(headers: HTTPHeaders, status: Int) {
        #expect(reader(headers, status: status).progress == .complete)
    }

    @Test(
        arguments: [
            (HTTPHeaders([("Content-Length", "-1")]), ""), (HTTPHeaders([("Content-Length", "5, 6")]), ""),
            (HTTPHeaders([("Content-Length", "99999999999999999999")]), ""), (chunked, "hello\r\n"), (chunked, "\r\n"),
            (chunked, "-1\r\n"), (chunked, "FFFFFFFFFFFFFFFFFF\r\n"), (chunked, "1\r\nhX"),
            (chunked, String(repeating: "1", count: 2000)),
        ]
    )
    func brokenFramingIsNoBody(headers: HTTPHeaders, wire: String) {
        var reader = reader(headers)
        var buffer = ByteBuffer(string: wire)
        reader.receive(&buffer)
        #expect(reader.progress == .malformed)
    }

    @Test("S3: neither a body nor its framing takes more than it may") func isBounded() {
        var long = reader(["Content-Length": "1000000"])
        var buffer = ByteBuffer(repeating: 65, count: 1000)
        long.receive(&buffer)
        #expect(long.progress == .tooLarge && long.bytes.count == 64)

        var chopped = reader(Self.chunked, limit: 10_000)
        var chunks = ByteBuffer(
            string: String(repeating: "1;" + String(repeating: "x", count: 900) + "\r\nA\r\n", count: 1000)
        )
        chopped.receive(&chunks)
        #expect(chopped.progress == .malformed && chopped.bytes.count < 1000)
        var trailers = reader(Self.chunked)
        var lines = ByteBuffer(string: "0\r\n" + String(repeating: "A: b\r\n", count: 1000))
        trailers.receive(&lines)
        #expect(trailers.progress == .malformed)
    }
}
