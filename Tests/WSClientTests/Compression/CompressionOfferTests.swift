import Testing

@testable import WSClient

/// RFC 7692, section 7.1: what is offered, and what the answers mean.
struct CompressionOfferTests {
    private func offer(_ change: (inout WebSocketCompression) -> Void = { _ in }) -> CompressionOffer {
        var wanted = WebSocketCompression()
        change(&wanted)
        return CompressionOffer(wanted)
    }

    private func agreed(_ header: String, _ offer: CompressionOffer) throws -> String? {
        try offer.agreement(with: ExtensionHeader.parse(header)).map { "\($0)" }
    }

    private var open: CompressionOffer {
        offer {
            $0.allowsOutgoingContextTakeover = true
            $0.outgoingWindowBits = 15
        }
    }

    private var demanding: CompressionOffer {
        offer {
            $0.allowsIncomingContextTakeover = false
            $0.incomingWindowBits = 10
        }
    }

    @Test func offersWhatIsWanted() {
        #expect(offer().header == "permessage-deflate; client_no_context_takeover; client_max_window_bits=12")
        #expect(open.header == "permessage-deflate; client_max_window_bits")
        #expect(
            demanding.header
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; "
                + "client_max_window_bits=12"
        )
    }

    @Test func noAnswerMeansNoCompression() throws {
        #expect(try agreed("", open) == nil)
    }

    @Test(
        arguments: [
            ("permessage-deflate", "permessage-deflate"),
            ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
            ("permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"),
            ("permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"),
            ("permessage-deflate; client_max_window_bits=\"9\"", "permessage-deflate; client_max_window_bits=9"),
            (
                "permessage-deflate;client_max_window_bits=8;server_max_window_bits=15;client_no_context_takeover",
                "permessage-deflate; client_no_context_takeover; client_max_window_bits=8"
            ),
        ]
    )
    func takesWhatTheServerChooses(header: String, agreement: String) throws {
        #expect(try agreed(header, open) == agreement)
    }

    @Test func neverDoesMoreThanItWantsItself() throws {
        #expect(
            try agreed("permessage-deflate; client_max_window_bits=15", offer())
                == "permessage-deflate; client_no_context_takeover; client_max_window_bits=12"
        )
    }

    @Test("S2: an answer that doesn't fit the offer is refused, with the reason")
    func refusesWhatDoesNotFit() {
        let name = "permessage-deflate"
        let cases: [(String, CompressionOffer, ExtensionRefusal)] = [
            ("x-webkit-deflate-frame", open, .notOffered("x-webkit-deflate-frame")),
            ("\(name), other", open, .notOffered("other")),
            ("Permessage-Deflate", open, .notOffered("Permessage-Deflate")),
            ("\(name), \(name)", open, .repeated(name)),
            ("\(name); foo", open, .unknownParameter("foo")),
            ("\(name); foo=1", open, .unknownParameter("foo")),
            (
                "\(name); server_no_context_takeover; server_no_context_takeover", open,
                .repeated("server_no_context_takeover")
            ),
            ("\(name); client_max_window_bits=9; client_max_window_bits=9", open, .repeated("client_max_window_bits")),
            (
                "\(name); client_no_context_takeover=1", open,
                .invalidValue(.init(name: "client_no_context_takeover", value: "1"))
            ),
            (
                "\(name); client_max_window_bits", open,
                .invalidValue(.init(name: "client_max_window_bits", value: nil))
            ),
            ("\(name)", demanding, .notGranted("server_no_context_takeover")),
            ("\(name); server_no_context_takeover", demanding, .notGranted("server_max_window_bits=10")),
            (
                "\(name); server_no_context_takeover; server_max_window_bits=11", demanding,
                .notGranted("server_max_window_bits=10")
            ),
        ]
        for (header, offer, refusal) in cases {
            #expect(throws: refusal, "\(header)") { try agreed(header, offer) }
            #expect(refusal.description.hasPrefix("server "))
        }
        for value in ["7", "16", "08", "+9", "-9", "0", "99999999999999999999", "1e1", "nine"] {
            for parameter in ["server_max_window_bits", "client_max_window_bits"] {
                #expect(throws: ExtensionRefusal.invalidValue(.init(name: parameter, value: value))) {
                    try agreed("\(name); \(parameter)=\(value)", open)
                }
            }
        }
    }
}
