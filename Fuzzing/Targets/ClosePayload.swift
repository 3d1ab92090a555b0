@_spi(Codec) @testable import WSClient

extension FuzzTarget {
    /// Input: a close frame's payload.
    static let closePayload = FuzzTarget(
        "close",
        "exactly the payloads that RFC 6455 5.5.1 and 7.4 allow are accepted, and what is accepted can be sent back"
    ) { bytes in
        let code = bytes.count >= 2 ? Int(bytes[0]) << 8 | Int(bytes[1]) : nil
        let isAllowed =
            if let code {
                (1000...1014).contains(code) && ![1004, 1005, 1006].contains(code) || (3000...4999).contains(code)
            } else {
                bytes.isEmpty
            }
        let reason = String(validating: bytes.dropFirst(2), as: UTF8.self)
        do {
            let frame = try bytes.withUnsafeBytes { try CloseFrame(payload: $0) }
            try require(isAllowed && reason != nil, "accepted: \(frame)")
            try require(frame.code.map { Int($0.rawValue) } == code, "another code: \(frame)")
            try require(frame.reason.utf8.elementsEqual((reason ?? "").utf8), "another reason: \(frame)")
            let answer = frame.payload
            try require(answer.count <= 125, "an answer of \(answer.count) bytes")
            try require(bytes.starts(with: answer), "an answer that is no beginning of what came")
            _ = try answer.withUnsafeBytes { try CloseFrame(payload: $0) }
        } catch let violation as ProtocolViolation {
            try require(!isAllowed || reason == nil, "refused (\(violation)), though allowed")
        }
    }
}
