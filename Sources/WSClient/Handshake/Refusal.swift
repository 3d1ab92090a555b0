import NIOCore
import NIOHTTP1
import TLS

/// A refusal whose body is still being read: what the server has to say about it.
///
/// The failure is known from the head on; whoever runs out of time or TCP takes what came until then.
struct Refusal {
    /// So much of a body is read, whatever is shown of it.
    private static let mostBytes = 1 << 10
    /// A body without a length ends with TCP, which may stay open: after so long a silence nothing is waited for.
    static let patience = TimeAmount.seconds(1)

    private let failure: ConnectionFailure
    private var body: ResponseBodyReader

    /// `nil` if the body isn't worth reading: there is none, or it is neither text nor JSON.
    init?(_ failure: ConnectionFailure, of head: ResponseHead) {
        let body = ResponseBodyReader(of: head, limit: Self.mostBytes)
        guard body.progress == .keepReading, Self.isText(head, isFramed: body.isFramed) else { return nil }
        self.failure = failure
        self.body = body
    }

    /// True for a body that says itself where it ends.
    var isFramed: Bool { body.isFramed }

    /// The failure with what was said until now.
    var known: ConnectionFailure {
        var failure = failure
        failure.said = body.bytes
        return failure
    }

    /// Takes what belongs to the body.
    ///
    /// - Returns: Whether that was all.
    mutating func receive(_ buffer: inout ByteBuffer) -> Bool {
        body.receive(&buffer)
        return body.progress != .keepReading
    }

    /// Pages for browsers say little in many words; without a type a body counts as text if it says where it ends.
    private static func isText(_ head: ResponseHead, isFramed: Bool) -> Bool {
        guard head.tokens("Content-Encoding").allSatisfy({ $0.lowercased() == "identity" }) else { return false }
        guard let type = head.headers.first(name: "Content-Type"), !type.isEmpty else { return isFramed }
        let name = type.prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
        return name == "text/plain" || name.hasSuffix("/json") || name.hasSuffix("+json")
    }
}

/// A server's words about its refusal, in a form that can stand in a reason.
package enum ServerWords {
    /// The most bytes of it that are shown.
    static let limit = 200

    /// Printable, without secrets, at most 200 bytes and a mark where more follows; `nil` for what is no text.
    package static func shown(_ body: [UInt8], hiding redactor: Redactor) -> String? {
        let text = String(decoding: redactor.redact(body), as: UTF8.self)
        let blank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let scalars = text.unicodeScalars.drop(while: blank)
        let last = scalars.lastIndex { !blank($0) }
        guard let last, scalars.first != "<", !scalars.contains("\0") else { return nil }
        var shown = ""
        var size = 0
        for scalar in scalars[...last] {
            let piece = readable(String(scalar))
            size += piece.utf8.count
            guard size <= limit else { return shown + "…" }
            shown += piece
        }
        return shown
    }
}

extension ConnectionFailure {
    /// The reason and what the server said, without secrets: it may say back what it was sent.
    func words(hiding redactor: Redactor) -> String {
        let words = redactor.redact(reason)
        return ServerWords.shown(said, hiding: redactor).map { "\(words); it says \"\($0)\"" } ?? words
    }
}
