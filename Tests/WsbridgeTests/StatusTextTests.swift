import Foundation
import Testing

@testable import BridgeCore
@testable import wsbridge

struct StatusTextTests {
    private let json = #"""
        {"instance":"site-12","version":"0.1.0","at":"2026-01-02T03:04:05.678Z","uptime":12.3,
         "connections":{"cloud":{"state":"backoff","since":"2026-01-02T03:04:00.000Z","reason":"refused","received":10,
           "sent":3,"reconnects":1,"rejected":{"too_large":2},"throttled":["trades -> mqtt:local"]}},
         "brokers":{"local":{"state":"connected","since":"2026-01-02T03:04:01.000Z","rejected":{}}},
         "routes":{"trades":{"received":10,"matched":4,"unmatched":6,
           "sinks":[{"sink":"mqtt:local","restored":0,"delivered":3,"queued":0,"queued_bytes":0,
                     "expired":0,"dropped":{"refused":1}},
                    {"sink":"udp:a:1","restored":2,"delivered":0,"queued":2,"queued_bytes":200,
                     "expired":0,"dropped":{},"spooled":{"bytes":100,"unwritten":1}}],
           "replies":{"open":2,"replied":5,"unanswered":{"no_reply":1}}}},
         "sources":{"udp:127.0.0.1:5006":{"rejected":{"not_allowed":7}},"fifo:/quiet":{"rejected":{}}}}
        """#

    @Test func saysAllThatAPersonNeedsLineByLine() throws {
        let stats = try JSONDecoder().decode(GatewayStats.self, from: Data(json.utf8))
        let text = StatusText.text(of: stats)
        for part in [
            "site-12: wsbridge 0.1.0, up 12 s", "connection cloud: backoff since 2026-01-02T03:04:00.000Z (refused)",
            "received 10, sent 3, reconnects 1", "not read, because full: trades -> mqtt:local",
            "broker local: connected", "route trades: received 10 = matched 4 + unmatched 6",
            "mqtt:local: delivered 3, queued 0 (0 bytes), expired 0, dropped 1", "source udp:127.0.0.1:5006:",
            "queued 2 (200 bytes) (100 bytes on disk, 1 messages not yet written)",
            "replied 5, open 2, unanswered (no_reply 1)",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(!text.contains("/quiet"))
    }
}
