import NIOCore
import NIOHTTP1

/// Reads a response's body as it comes, up to a limit: by `Content-Length`, in chunks, or to the end of TCP (RFC 9112,
/// sections 6.3 and 7.1).
struct ResponseBodyReader: Equatable, Sendable {
    /// True while more is to come.
    enum Progress: Equatable, Sendable {
        case keepReading
        case complete
        /// Nothing more is taken: the limit is reached.
        case tooLarge
        /// No chunk where one must be.
        case malformed
    }

    private enum Framing: Equatable {
        case length(Int)
        case chunkSize([UInt8])
        case chunk(Int)
        /// The line break behind a chunk's data.
        case chunkEnd
        /// Behind the last chunk: lines up to an empty one.
        case trailers([UInt8])
        case endOfTCP
    }

    /// A chunk's size with its extensions, or a trailer, is no longer.
    private static let longestLine = 1 << 10
    /// So many bytes of framing may come with a body that is chopped into the smallest chunks.
    private static let framingRatio = 16

    private let limit: Int
    private var framing: Framing
    private var framingBytes = 0
    private(set) var progress = Progress.keepReading
    /// The body's bytes until now.
    private(set) var bytes: [UInt8] = []

    /// True for a body that says itself where it ends.
    var isFramed: Bool { framing != .endOfTCP }

    /// `limit` is the most bytes that are kept.
    init(of head: ResponseHead, limit: Int) {
        self.limit = limit
        let codings = head.tokens("Transfer-Encoding")
        let lengths = Set(head.tokens("Content-Length"))
        if let last = codings.last {
            framing = last.lowercased() == "chunked" ? .chunkSize([]) : .endOfTCP
        } else if let length = lengths.first {
            framing = .length(Int(length) ?? 0)
            if lengths.count > 1 || !length.utf8.allSatisfy(Self.isDigit) || Int(length) == nil {
                progress = .malformed
            }
        } else {
            framing = .endOfTCP
        }
        if head.status < 200 || head.status == 204 || head.status == 304 || framing == .length(0),
            progress != .malformed
        {
            progress = .complete
        }
    }

    /// Takes what belongs to the body; once `progress` isn't `keepReading` it takes nothing more.
    mutating func receive(_ buffer: inout ByteBuffer) {
        while progress == .keepReading, buffer.readableBytes > 0 {
            switch framing {
            case .length(let left):
                let rest = left - take(left, of: &buffer)
                framing = .length(rest)
                if rest == 0 { progress = .complete }
            case .endOfTCP:
                _ = take(.max, of: &buffer)
            case .chunk(let left):
                let rest = left - take(left, of: &buffer)
                framing = rest == 0 ? .chunkEnd : .chunk(rest)
            case .chunkSize(let line), .trailers(let line):
                takeLine(line, of: &buffer)
            case .chunkEnd:
                switch nextByte(&buffer) {
                case 13: break
                case 10: framing = .chunkSize([])
                default: progress = .malformed
                }
            }
        }
    }

    /// TCP has ended, and with it a body that says no other end.
    mutating func ended() {
        if progress == .keepReading, framing == .endOfTCP { progress = .complete }
    }

    private mutating func take(_ count: Int, of buffer: inout ByteBuffer) -> Int {
        let taken = min(count, buffer.readableBytes, limit - bytes.count)
        bytes += buffer.readBytes(length: taken) ?? []
        if taken < min(count, buffer.readableBytes + taken) { progress = .tooLarge }
        return taken
    }

    private mutating func nextByte(_ buffer: inout ByteBuffer) -> UInt8? {
        framingBytes += 1
        if framingBytes > Self.longestLine + Self.framingRatio * limit { progress = .malformed }
        return buffer.readInteger()
    }

    /// Lines end with CR LF, or LF alone (RFC 9112, section 2.2).
    private mutating func takeLine(_ begun: [UInt8], of buffer: inout ByteBuffer) {
        var line = begun
        while let byte = nextByte(&buffer) {
            guard byte == 10 else {
                line.append(byte)
                guard line.count <= Self.longestLine, progress == .keepReading else {
                    progress = .malformed
                    return
                }
                continue
            }
            if line.last == 13 { line.removeLast() }
            return took(line)
        }
        if case .trailers = framing { framing = .trailers(line) } else { framing = .chunkSize(line) }
    }

    private mutating func took(_ line: [UInt8]) {
        if case .trailers = framing {
            framing = .trailers([])
            if line.isEmpty { progress = .complete }
            return
        }
        // Extensions follow a semicolon.
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 32 && $0 != 9 }
        guard !digits.isEmpty, digits.allSatisfy(Self.isHexDigit),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            progress = .malformed
            return
        }
        framing = size == 0 ? .trailers([]) : .chunk(size)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
