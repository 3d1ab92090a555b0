import TLS

/// The beginning of a payload, made fit for a line of a log: bounded, escaped, secrets hidden (requirements S7, S10).
struct PayloadPreview {
    /// In bytes of the payload.
    static let limit = 128

    /// Sorted out once, for many payloads.
    private let secrets: [[UInt8]]

    init(hiding secrets: [String]) {
        self.secrets = secrets.filter { !$0.isEmpty }.flatMap(SecretForms.all)
    }

    /// Text as it is, other bytes in hexadecimal.
    func show(_ payload: UnsafeRawBufferPointer, isText: Bool) -> String {
        let end = min(payload.count, Self.limit)
        var shown = ""
        var position = 0
        for hidden in hiddenRanges(payload) where position < end {
            if hidden.lowerBound > position {
                shown += piece(payload, position..<min(hidden.lowerBound, end), isText)
            }
            // One secret may be part of another.
            if hidden.lowerBound >= position, hidden.lowerBound < end { shown += "(hidden)" }
            position = max(position, hidden.upperBound)
        }
        if position < end { shown += piece(payload, position..<end, isText) }
        return payload.count > end ? shown + "…" : shown
    }

    /// Where secrets begin within the limit, in order; one that the limit cuts is found whole.
    private func hiddenRanges(_ payload: UnsafeRawBufferPointer) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for secret in secrets where secret.count <= payload.count {
            var start = 0
            while start <= payload.count - secret.count, start < Self.limit {
                if payload[start..<start + secret.count].elementsEqual(secret) {
                    ranges.append(start..<start + secret.count)
                }
                start += 1
            }
        }
        return ranges.sorted { $0.lowerBound < $1.lowerBound }
    }

    private func piece(_ payload: UnsafeRawBufferPointer, _ range: Range<Int>, _ isText: Bool) -> String {
        if isText {
            return readable(String(decoding: payload[range], as: UTF8.self), limit: Self.limit)
        }
        return payload[range].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
