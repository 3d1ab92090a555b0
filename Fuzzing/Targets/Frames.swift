@_spi(Codec) @testable import WSClient

extension FuzzTarget {
    /// Input: role, size limit, fragment limit, two cuts; then the stream.
    static let frames = FuzzTarget(
        "frames",
        "a stream means the same wherever it is cut, ends at a close or violation, and holds only what arrived"
    ) { bytes in
        var input = FuzzInput(bytes)
        let (endpoint, limits) = input.decoderHead()
        let cuts = [Int(input.byte()), Int(input.byte())]
        let stream = input.rest

        func transcript(in pieces: [ArraySlice<UInt8>]) throws -> [StreamEvent] {
            var decoder = MessageDecoder(endpoint: endpoint, limits: limits)
            var events: [StreamEvent] = []
            for piece in pieces {
                events += try decoder.events(of: piece)
                // What is incomplete, at most doubled, beside the read itself; buffers grow in powers of two.
                try require(
                    decoder.capacityHeld <= 4 * (stream.count + 256),
                    "\(decoder.capacityHeld) bytes held for a stream of \(stream.count)"
                )
            }
            for event in events.dropLast() {
                switch event {
                case .close, .violation: throw PropertyBroken(description: "events after the end: \(events)")
                case .message, .ping, .pong: continue
                }
            }
            for case .message(true, let text) in events {
                try require(String(validating: text, as: UTF8.self) != nil, "a text that isn't UTF-8")
            }
            for case .message(_, let payload) in events {
                try require(payload.count <= limits.maximumMessageSize, "a message above the limit")
            }
            return events
        }

        let whole = try transcript(in: [stream])
        let sorted = cuts.map { stream.startIndex + min($0, stream.count) }.sorted()
        let inThree = try transcript(in: [
            stream[..<sorted[0]], stream[sorted[0]..<sorted[1]], stream[sorted[1]...],
        ])
        try require(inThree == whole, "in three pieces \(inThree), whole \(whole)")
        let byteByByte = try transcript(in: stream.indices.map { stream[$0...$0] })
        try require(byteByByte == whole, "byte by byte \(byteByByte), whole \(whole)")
    }
}
