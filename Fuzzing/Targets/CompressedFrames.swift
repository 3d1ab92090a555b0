import NIOCore

@_spi(Codec) @testable import WSClient

extension FuzzTarget {
    /// Input: the window and whether it is taken over, size limit, two cuts; then the stream, from a server.
    static let compressedFrames = FuzzTarget(
        "frames-deflate",
        "a compressed stream means the same wherever it is cut, within its limit, and its texts are UTF-8"
    ) { bytes in
        var input = FuzzInput(bytes)
        let flags = input.byte()
        let inflater = MessageInflater(windowBits: 8 + Int(flags & 7), takesOver: flags & 8 == 0)
        // Far below the size where a ratio counts: that is judged on what has arrived, so a cut may matter there.
        let limits = MessageDecoder.Limits(maximumMessageSize: Int(input.byte()) << 8, maximumFragments: 16)
        let cuts = [Int(input.byte()), Int(input.byte())]
        let stream = input.rest

        func transcript(in pieces: [ArraySlice<UInt8>]) throws -> [StreamEvent] {
            var decoder = MessageDecoder(limits: limits, inflater: inflater)
            var events: [StreamEvent] = []
            for piece in pieces { events += try decoder.events(of: piece) }
            for case .message(let isText, let payload) in events {
                try require(payload.count <= limits.maximumMessageSize, "a message above the limit")
                let isValid = !isText || String(validating: payload, as: UTF8.self) != nil
                try require(isValid, "a text that isn't UTF-8")
            }
            // Of several things that are wrong, the one that arrived first is named.
            if case .violation? = events.last { events[events.count - 1] = .violation(.invalidCompression) }
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

    /// Input: the window, whether it is taken over, and the level; then messages, cut at NUL.
    static let deflate = FuzzTarget(
        "deflate",
        "what is compressed comes back the same, from no more bytes than uncompressed"
    ) { bytes in
        var input = FuzzInput(bytes)
        let flags = input.byte()
        let windowBits = 8 + Int(flags & 7)
        let takesOver = flags & 8 == 0
        let deflater = MessageDeflater(windowBits: windowBits, takesOver: takesOver, level: Int(flags >> 4) % 9 + 1)
        var encoder = FrameEncoder(deflater: deflater)
        var plain = FrameEncoder()
        var decoder = MessageDecoder(
            endpoint: .server,
            inflater: MessageInflater(windowBits: windowBits, takesOver: takesOver)
        )
        while !input.rest.isEmpty {
            let message = input.bytesUpToNUL()
            var batch = WebSocketMessageBatch()
            batch.append(message, kind: .binary)
            var wire = ByteBuffer()
            encoder.encode(batch, into: &wire)
            var uncompressed = ByteBuffer()
            plain.encode(batch, into: &uncompressed)
            try require(wire.readableBytes <= uncompressed.readableBytes, "it grew to \(wire.readableBytes) bytes")
            let back = try decoder.events(of: Array(wire.readableBytesView)[...])
            try require(back == [.message(isText: false, message)], "\(message) came back as \(back)")
        }
    }
}
