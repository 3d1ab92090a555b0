import Testing

@_spi(Codec) @testable import WSClient

/// S2: whatever RFC 6455 doesn't allow fails the connection, with the right close code.
struct ProtocolViolationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var section: String
        var what: String
        var stream: [UInt8]
        var violation: ProtocolViolation
        var code: CloseCode

        init(
            _ section: String,
            _ what: String,
            _ frames: [RawFrame],
            _ violation: ProtocolViolation,
            _ code: CloseCode = .protocolError
        ) {
            self.section = section
            self.what = what
            self.stream = frames.bytes
            self.violation = violation
            self.code = code
        }

        var testDescription: String { "RFC 6455 \(section) \(what)" }
    }

    static let cases: [Case] = [
        Case("5.1", "masked text from a server", [RawFrame(1, [65], key: [1, 2, 3, 4])], .maskedServerFrame),
        Case("5.1", "masked ping from a server", [RawFrame(9, key: [0, 0, 0, 0])], .maskedServerFrame),
        Case("5.2", "RSV1 without an extension", [RawFrame(1, [65], reserved: 4)], .reservedBits(4)),
        Case("5.2", "RSV2", [RawFrame(2, [65], reserved: 2)], .reservedBits(2)),
        Case("5.2", "RSV3", [RawFrame(2, reserved: 1)], .reservedBits(1)),
        Case("5.2", "all reserved bits", [RawFrame(1, [65], reserved: 7)], .reservedBits(7)),
        Case("5.2", "RSV1 on a ping", [RawFrame(9, reserved: 4)], .reservedBits(4)),
        Case(
            "5.2",
            "RSV1 on a continuation",
            [.text("a", final: false), RawFrame(0, [65], reserved: 4)],
            .reservedBits(4)
        ),
        Case("5.2", "a 16-bit length for 125", [RawFrame(2, .zeros(125), lengthForm: .sixteenBits)], .nonMinimalLength),
        Case("5.2", "a 16-bit length for 0", [RawFrame(1, lengthForm: .sixteenBits)], .nonMinimalLength),
        Case("5.2", "a 64-bit length for 5", [RawFrame(2, .zeros(5), lengthForm: .sixtyFourBits)], .nonMinimalLength),
        Case(
            "5.2",
            "a 64-bit length for 65,535",
            [RawFrame(2, lengthForm: .sixtyFourBits, declared: 65_535)],
            .nonMinimalLength
        ),
        Case(
            "5.2",
            "a 64-bit length with the top bit",
            [RawFrame(2, lengthForm: .sixtyFourBits, declared: 1 << 63)],
            .lengthOutOfRange
        ),
        Case(
            "5.2",
            "the highest 64-bit length",
            [RawFrame(2, lengthForm: .sixtyFourBits, declared: .max)],
            .lengthOutOfRange
        ),
        Case("5.4", "a continuation of nothing", [.continuation([65])], .unexpectedContinuation),
        Case(
            "5.4",
            "a continuation that isn't final, of nothing",
            [.continuation([65], final: false)],
            .unexpectedContinuation
        ),
        Case("5.4", "a text within a text", [.text("a", final: false), .text("b")], .interruptedMessage),
        Case(
            "5.4",
            "a binary within a text",
            [.text("a", final: false), .binary([1], final: false)],
            .interruptedMessage
        ),
        Case("5.5", "a close frame of 126 bytes", [.close(1000, .zeros(124))], .controlFrameTooLong),
        Case("5.5", "a ping of 126 bytes", [.ping(.zeros(126))], .controlFrameTooLong),
        Case(
            "5.5",
            "a pong with a 64-bit length",
            [RawFrame(10, lengthForm: .sixtyFourBits, declared: 1 << 20)],
            .controlFrameTooLong
        ),
        Case("5.5", "a fragmented ping", [RawFrame(9, [65], final: false)], .fragmentedControlFrame),
        Case("5.5", "a fragmented close", [RawFrame(8, final: false)], .fragmentedControlFrame),
        Case("5.5.1", "a close frame of one byte", [RawFrame(8, [3])], .truncatedCloseCode),
        Case("8.1", "a close reason that isn't UTF-8", [.close(1000, [0xFF])], .invalidCloseReason, .invalidPayload),
        Case(
            "8.1",
            "a close reason cut within a character",
            [.close(1000, [0xE2, 0x82])],
            .invalidCloseReason,
            .invalidPayload
        ),
        Case("8.1", "text with a byte that never occurs", [RawFrame(1, [65, 0xFF])], .invalidText, .invalidPayload),
        Case("8.1", "text that ends within a character", [RawFrame(1, [0xE2, 0x82])], .invalidText, .invalidPayload),
        Case("8.1", "a surrogate", [RawFrame(1, [0xED, 0xA0, 0x80])], .invalidText, .invalidPayload),
        Case("8.1", "an overlong slash", [RawFrame(1, [0xC0, 0xAF])], .invalidText, .invalidPayload),
        Case(
            "8.1",
            "a fragmented text that ends within a character",
            [RawFrame(1, [65], final: false), .continuation([0xE2, 0x82])],
            .invalidText,
            .invalidPayload
        ),
        Case(
            "8.1",
            "a first fragment that no continuation can mend",
            [RawFrame(1, [0xC0], final: false)],
            .invalidText,
            .invalidPayload
        ),
        Case(
            "10.4",
            "a message above the limit",
            [RawFrame(2, declared: (16 << 20) + 1)],
            .messageTooLarge(declared: (16 << 20) + 1, limit: 16 << 20),
            .messageTooBig
        ),
    ]
    static let unknownOpcodes: [Case] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map {
        Case("5.2", "the opcode \($0)", [RawFrame($0)], .unknownOpcode($0))
    }
    static let closeCodes: [Case] = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map {
        Case("7.4", "the close code \($0)", [.close($0)], .invalidCloseCode($0))
    }

    @Test("S2: fails closed", arguments: cases + unknownOpcodes + closeCodes)
    func failsClosed(_ item: Case) {
        #expect(transcript(of: item.stream) == [.violation(item.violation)])
        #expect(CloseCode(item.violation) == item.code)
    }

    @Test("S2: what came before a violation is delivered, what comes after is not", arguments: cases)
    func deliversWhatCameBefore(_ item: Case) {
        let before = [RawFrame.text("before"), .ping([7]), .binary([1])].bytes
        let stream = before + item.stream + [RawFrame.text("after"), .ping()].bytes
        #expect(transcript(of: stream) == [.text("before"), .ping([7]), .binary([1]), .violation(item.violation)])
    }

    @Test("S2: a violation is found wherever the stream is cut", arguments: cases + unknownOpcodes + closeCodes)
    func isFoundWhereverTheStreamIsCut(_ item: Case) {
        let stream = RawFrame.text("x").bytes + item.stream
        for cut in 0...stream.count {
            #expect(transcript(of: stream, cutAt: [cut]) == [.text("x"), .violation(item.violation)], "cut at \(cut)")
        }
        let everywhere = Array(1..<stream.count)
        #expect(transcript(of: stream, cutAt: everywhere) == [.text("x"), .violation(item.violation)])
    }

    @Test("S2: a continuation after the last fragment continues nothing (RFC 6455 5.4)")
    func continuationAfterTheLastFragment() {
        let stream: [RawFrame] = [.text("a", final: false), .continuation([66]), .continuation([67])]
        #expect(transcript(of: stream.bytes) == [.text("aB"), .violation(.unexpectedContinuation)])
    }

    @Test("S2: a server refuses a frame without a mask (RFC 6455 5.1)")
    func serverRefusesAFrameWithoutAMask() {
        #expect(transcript(of: RawFrame.text("a").bytes, endpoint: .server) == [.violation(.unmaskedClientFrame)])
    }

    @Test("S2: invalid text fails before the rest of its frame arrives (RFC 6455 8.1)")
    func invalidTextFailsBeforeItsFrameIsWhole() {
        var decoder = MessageDecoder()
        #expect(decoder.seen([0x81, 100, 65, 66]) == [])
        #expect(decoder.seen([0xF4, 0x90]) == [.violation(.invalidText)])
    }

    @Test("S2: bits that an extension negotiated pass on data frames, not on control frames")
    func negotiatedBitsPass() {
        // A stored block that holds "A", and the end's empty one without its tail.
        let stream = RawFrame(1, [0x00, 0x01, 0x00, 0xFE, 0xFF, 0x41, 0x00], reserved: 4).bytes
        var decoder = MessageDecoder(inflater: MessageInflater())
        #expect(decoder.seen(stream) == [.text("A")])
        #expect(decoder.seen(RawFrame(9, reserved: 4).bytes) == [.violation(.reservedBits(4))])
    }

    @Test
    func everySentenceFitsACloseFrame() {
        let worst = [
            ProtocolViolation.messageTooLarge(declared: .max, limit: .max), .tooManyFragments(limit: .max),
            .invalidCloseCode(.max), .reservedBits(7), .unknownOpcode(15), .inflatedTooLarge(limit: .max),
            .inflatedTooMuch(ratio: .max), .invalidCompression,
        ]
        for violation in (Self.cases + Self.unknownOpcodes + Self.closeCodes).map(\.violation) + worst {
            #expect(violation.description.utf8.count <= CloseFrame.maximumReasonLength)
        }
    }
}

extension [UInt8] {
    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
