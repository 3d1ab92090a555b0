import NIOCore
import NIOHTTP1

/// Why the server's answer can't be read as HTTP/1.1.
enum ResponseHeadError: Error, Equatable, CustomStringConvertible {
    case notHTTP
    case malformed(String)
    case tooLarge(limit: Int)

    var description: String {
        switch self {
        case .notHTTP: "the server doesn't speak HTTP"
        case .malformed(let what): "the server's answer is no valid HTTP: \(what)"
        case .tooLarge(let limit): "the server's answer has more than \(limit) bytes of headers"
        }
    }
}

/// Reads response heads strictly, byte by byte as they come (RFC 9112), and takes nothing of what follows them.
///
/// A line ends with CR LF or, as servers of one's own making have it, with LF alone (section 2.2); a CR elsewhere is an
/// error.
///
/// Our own, since NIOHTTP1's decoder drops what came behind a 101 when the connection ends in the same read: the
/// messages of a server that sends and leaves at once.
struct ResponseHeadParser {
    /// Bounds a head, and so this parser's memory.
    let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int = 16 << 10) {
        self.limit = limit
    }

    /// Takes bytes up to the end of a head.
    ///
    /// Returns it once it is whole; what follows it stays in the buffer.
    mutating func parse(_ buffer: inout ByteBuffer) throws(ResponseHeadError) -> ResponseHead? {
        let taken = min(buffer.readableBytes, limit - bytes.count)
        let searched = max(0, bytes.count - 2)
        let before = bytes.count
        bytes.append(contentsOf: buffer.readableBytesView.prefix(taken))
        guard zip(bytes, "HTTP/1.".utf8).allSatisfy({ $0 == $1 }) else { throw .notHTTP }

        guard let end = endOfHead(from: searched) else {
            guard bytes.count < limit else { throw .tooLarge(limit: limit) }
            buffer.moveReaderIndex(forwardBy: taken)
            return nil
        }
        buffer.moveReaderIndex(forwardBy: end - before)
        let head = try head(bytes[..<end])
        bytes.removeAll()
        return head
    }

    /// The index behind the empty line; what lies before `start` but for the last two bytes was searched already.
    private func endOfHead(from start: Int) -> Int? {
        for end in start..<bytes.count where bytes[end] == 10 {
            let rest = bytes[(end + 1)...]
            if rest.first == 10 { return end + 2 }
            if rest.first == 13, rest.dropFirst().first == 10 { return end + 3 }
        }
        return nil
    }

    private func head(_ bytes: ArraySlice<UInt8>) throws(ResponseHeadError) -> ResponseHead {
        var lines = Self.lines(bytes)[...]
        guard let first = lines.popFirst() else { throw .notHTTP }
        var head = try statusLine(first)
        for line in Self.unfolded(lines) {
            let (name, value) = try header(line)
            head.headers.add(name: name, value: value)
        }
        return head
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        bytes.split(separator: 10).map { $0.last == 13 ? $0.dropLast() : $0 }.filter { !$0.isEmpty }
    }

    /// A line that begins with a blank goes on with the one before (section 5.2): old, but still sent.
    private static func unfolded(_ lines: ArraySlice<ArraySlice<UInt8>>) -> [ArraySlice<UInt8>] {
        var whole: [ArraySlice<UInt8>] = []
        for line in lines {
            if line.first == 32 || line.first == 9, !whole.isEmpty {
                whole[whole.count - 1] += [32] + line.drop { $0 == 32 || $0 == 9 }
            } else {
                whole.append(line)
            }
        }
        return whole
    }

    /// Reads the first line, such as `HTTP/1.1 101 Switching Protocols`.
    private func statusLine(_ line: ArraySlice<UInt8>) throws(ResponseHeadError) -> ResponseHead {
        let digits = line.dropFirst(9).prefix(3).map { Int($0) - 48 }
        guard line.count >= 12, line.starts(with: "HTTP/1.1 ".utf8) || line.starts(with: "HTTP/1.0 ".utf8),
            digits.allSatisfy({ (0...9).contains($0) }), line.count == 12 || line[line.startIndex + 12] == 32
        else { throw .malformed("a broken status line") }
        let status = digits.reduce(0) { $0 * 10 + $1 }
        guard status >= 100 else { throw .malformed("the status \(status)") }
        guard status != 101 || line[line.startIndex + 7] == UInt8(ascii: "1") else {
            throw .malformed("an upgrade in HTTP/1.0")
        }
        return ResponseHead(status: status, reasonPhrase: String(decoding: line.dropFirst(13), as: UTF8.self))
    }

    private func header(_ line: ArraySlice<UInt8>) throws(ResponseHeadError) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(WebSocketHeaderError.isToken)
        else { throw .malformed("a broken header") }
        let isBlank = { (byte: UInt8) in byte == 32 || byte == 9 }
        let value = line[(colon + 1)...].drop(while: isBlank)
        let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
        guard value.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 }) else {
            throw .malformed("a control character in a header")
        }
        return (
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value[..<end], as: UTF8.self)
        )
    }
}
