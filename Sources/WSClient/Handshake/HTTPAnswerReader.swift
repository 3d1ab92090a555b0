package import NIOCore
import NIOHTTP1

/// A whole answer to a request over HTTP/1.1.
package struct HTTPAnswer: Sendable {
    private let head: ResponseHead
    /// As it came, without the framing of chunks.
    package let body: [UInt8]

    fileprivate init(_ head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// From 200 to 599, as a rule.
    package var status: Int { head.status }

    /// The values of all headers of this name, in whatever case it is written.
    package func headers(_ name: String) -> [String] { head.headers[name] }
}

/// Reads one answer, over interim ones (1xx), by the rules that the handshake's is read by.
package struct HTTPAnswerReader {
    /// The reason why there will be no answer.
    package enum Failure: Error, Equatable, Sendable {
        case notHTTP
        case bodyTooLarge
        /// TCP ended before it was whole.
        case cutOff
    }

    /// So many interim answers are read over (requirement S3).
    private static let mostInterimAnswers = 5

    private let limit: Int
    private var parser = ResponseHeadParser()
    private var interimAnswers = 0
    private var begun: (head: ResponseHead, body: ResponseBodyReader)?

    /// `limit` is the most bytes of a body.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes what is part of the answer, and returns it once it is whole.
    package mutating func receive(_ buffer: inout ByteBuffer) throws(Failure) -> HTTPAnswer? {
        while begun == nil {
            let head: ResponseHead
            do throws(ResponseHeadError) {
                guard let whole = try parser.parse(&buffer) else { return nil }
                head = whole
            } catch {
                throw .notHTTP
            }
            if head.status >= 200 {
                begun = (head, ResponseBodyReader(of: head, limit: limit))
            } else {
                interimAnswers += 1
                guard interimAnswers <= Self.mostInterimAnswers else { throw .notHTTP }
            }
        }
        begun?.body.receive(&buffer)
        return try answer()
    }

    /// TCP has ended: the answer, if that was its end.
    package mutating func ended() throws(Failure) -> HTTPAnswer {
        begun?.body.ended()
        guard let answer = try answer() else { throw .cutOff }
        return answer
    }

    private func answer() throws(Failure) -> HTTPAnswer? {
        guard let begun else { return nil }
        switch begun.body.progress {
        case .keepReading: return nil
        case .complete: return HTTPAnswer(begun.head, body: begun.body.bytes)
        case .tooLarge: throw .bodyTooLarge
        case .malformed: throw .notHTTP
        }
    }
}
