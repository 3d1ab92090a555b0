import Testing

@_spi(Codec) @testable import WSClient

/// RFC 6455 7.4.
struct CloseCodeTests {
    @Test(
        "codes that a close frame may carry",
        arguments: [
            1000...1000, 1001...1003, 1007...1011, 1012...1014, 3000...3000, 3999...4000, 4999...4999,
        ] as [ClosedRange<UInt16>]
    )
    func allowed(_ codes: ClosedRange<UInt16>) {
        for code in codes {
            #expect(CloseCode(rawValue: code).isAllowedOnWire)
            #expect(transcript(of: RawFrame.close(code).bytes) == [.close(code, "")])
        }
    }

    @Test(
        "codes that it may not",
        arguments: [
            0...999, 1004...1006, 1015...2999, 5000...65_535,
        ] as [ClosedRange<UInt16>]
    )
    func refused(_ codes: ClosedRange<UInt16>) {
        for code in codes {
            #expect(!CloseCode(rawValue: code).isAllowedOnWire)
        }
    }

    @Test
    func readsLikeANumberWithItsMeaning() {
        #expect(CloseCode.goingAway.description == "1001 (going away)")
        #expect(CloseCode(rawValue: 4001).description == "4001")
    }
}
