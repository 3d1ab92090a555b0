import TLS

/// The beginning of a payload, made fit for a line of a log: bounded, escaped, secrets hidden (requirements S7, S10).
struct PayloadPreview {
    /// In bytes of the payload.
    static let limit = 128

    private let redactor: Redactor

    init(hiding secrets: [String]) {
        redactor = Redactor(secrets)
    }

    /// Text as it is, other bytes in hexadecimal.
    func show(_ payload: UnsafeRawBufferPointer, isText: Bool) -> String {
        let end = min(payload.count, Self.limit)
        var shown = ""
        var position = 0
        // One that the limit cuts is found whole.
        while let hidden = redactor.next(in: payload, from: position, before: end) {
            shown += piece(payload, position..<hidden.lowerBound, isText) + "(hidden)"
            position = hidden.upperBound
        }
        if position < end { shown += piece(payload, position..<end, isText) }
        return payload.count > max(end, position) ? shown + "…" : shown
    }

    private func piece(_ payload: UnsafeRawBufferPointer, _ range: Range<Int>, _ isText: Bool) -> String {
        if isText {
            return readable(String(decoding: payload[range], as: UTF8.self), limit: Self.limit)
        }
        return payload[range].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
