import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// The same credentials are offered to a server that refuses them three times, and no more.
struct RefusedCredentialsTests {
    private func identity(_ token: String) -> RefusedCredentials.Identity? {
        .init(headers: [("Authorization", "Bearer \(token)")], spoken: [])
    }

    // MARK: The machine

    @Test func thriceIsEnough() {
        var refused = RefusedCredentials()
        for _ in 0..<2 { refused.refused(identity("a")) }
        #expect(!refused.areUseless(identity("a")))
        refused.refused(identity("b"))
        refused.refused(identity("a"))
        #expect(refused.areUseless(identity("a")) && !refused.areUseless(identity("b")))
        refused.accepted(identity("a"))
        #expect(!refused.areUseless(identity("a")))
    }

    @Test func whoeverSaysNothingIsRefusedNothing() {
        var refused = RefusedCredentials()
        for _ in 0..<9 { refused.refused(nil) }
        #expect(!refused.areUseless(nil))
    }

    @Test func aSourceOfFreshOnesTakesNoMemory() {
        var refused = RefusedCredentials()
        for _ in 0..<3 { refused.refused(identity("old")) }
        for number in 0..<1000 { refused.refused(identity("\(number)")) }
        #expect(!refused.areUseless(identity("old")), "forgotten among a thousand others")
    }

    @Test func eachPartOfThemCounts() {
        let all: [RefusedCredentials.Identity?] = [
            .init(headers: [("A", "b")], spoken: []), .init(headers: [("A", "bc")], spoken: []),
            .init(headers: [("A", "b")], spoken: ["c"]), .init(headers: [("A", "b"), ("spoken", "c")], spoken: []),
            .init(headers: [], spoken: ["b"]), .init(headers: [], spoken: ["b", ""]),
        ]
        #expect(Set(all).count == all.count)
        #expect(all[0] == .init(headers: [("a", "b")], spoken: []), "names in any case are the same")
    }

    // MARK: In a client

    private let tooOften = "the server refused these credentials 3 times, so they are not tried again"

    private func harness(
        _ tokens: [String],
        _ change: (inout WebSocketClientConfiguration) -> Void = { _ in }
    ) throws -> (ClientHarness, ScriptedCredentials) {
        let harness = try ClientHarness("ws://example.com/feed", change)
        let source = ScriptedCredentials(harness.loop)
        for token in tokens { source.prepare(token) }
        harness.client.credentialSource = source
        return (harness, source)
    }

    private func refuse(_ harness: ClientHarness, _ answer: String = "401 Unauthorized\r\n") throws {
        try harness.accept()
        try harness.receive("HTTP/1.1 \(answer)Content-Length: 0\r\n\r\n")
    }

    /// As long as the client means to wait.
    private func waitForTheNextAttempt(_ harness: ClientHarness) {
        guard let next = harness.client.status.nextAttempt else { return }
        harness.advance(by: next - harness.client.eventLoop.now)
    }

    /// Three refusals: at once, in the slow lane, by a command.
    private func refuseThrice(_ harness: ClientHarness) throws {
        harness.client.connect()
        try refuse(harness)
        if harness.client.status.state == .backoff { harness.client.connect() }
        try refuse(harness)
        #expect(harness.client.status.state == .fault)
        harness.client.connect()
        try refuse(harness)
    }

    @Test(arguments: ["401 Unauthorized\r\n", "403 Forbidden\r\n"])
    func theConnectionWaitsForAnother(answer: String) throws {
        let (harness, source) = try harness(["a", "a"])
        harness.client.connect()
        try refuse(harness, answer)
        try refuse(harness, answer)
        source.prepare("a")
        waitForTheNextAttempt(harness)
        try refuse(harness, answer)
        #expect(harness.urls.count == 3)
        #expect(harness.client.status.state == .fault && harness.client.status.nextAttempt == nil)
        #expect(
            harness.client.status.reason?.hasSuffix(
                "; \(tooOften); what they are read from is looked at every 60 s, or connect with another token"
            ) == true
        )
        // The source is looked at, and has nothing new.
        for _ in 0..<10 {
            source.prepare("a")
            harness.advance(by: .seconds(60))
        }
        #expect(harness.urls.count == 3, "nobody was bothered meanwhile")
        source.prepare("b")
        source.prepare("b")
        harness.advance(by: .seconds(60))
        try harness.accept()
        #expect(harness.urls.count == 4)
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer b\r\n"))
    }

    @Test func commandsBringNoFurtherAttemptWithTheSame() throws {
        let (harness, source) = try harness(["a", "a", "a"])
        try refuseThrice(harness)
        for _ in 0..<5 {
            source.prepare("a")
            harness.client.connect()
        }
        #expect(harness.urls.count == 3)
        #expect(harness.client.status.state == .fault && harness.client.status.attempts == 3)
        #expect(harness.client.status.reason?.hasPrefix(tooOften) == true)
        source.prepared = [.success(WebSocketCredentials(headers: []))]
        harness.client.connect(bearerToken: "b")
        try harness.accept()
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer b\r\n"))
    }

    @Test func aTokenGivenByCommandIsNoException() throws {
        let (harness, source) = try harness([])
        source.isRenewable = false
        source.prepared = Array(repeating: .success(WebSocketCredentials(headers: [])), count: 9)
        for _ in 0..<3 {
            harness.client.connect(bearerToken: "given")
            try refuse(harness)
        }
        harness.client.connect(bearerToken: "given")
        harness.advance(by: .hours(1))
        #expect(harness.urls.count == 3)
        #expect(harness.client.status.reason == "\(tooOften); connect with another token, or restart with another")
    }

    @Test func aLiteralWaitsForACommand() throws {
        let harness = try ClientHarness { $0.requestHeaders = { [("Authorization", "Bearer a")] } }
        try refuseThrice(harness)
        harness.advance(by: .hours(24))
        #expect(harness.urls.count == 3)
        harness.client.connect(bearerToken: "b")
        try harness.accept()
        #expect(harness.urls.count == 4)
    }

    @Test func aTokenInTheURLIsOneToo() throws {
        let harness = try ClientHarness("ws://example.com/hub?room=1&access_token=abc")
        try refuseThrice(harness)
        harness.client.connect()
        harness.advance(by: .hours(1))
        #expect(harness.urls.count == 3)
        #expect(harness.client.status.reason == "\(tooOften); put others into the configuration and restart")
    }

    @Test(
        "a command is the way out for bearer tokens only",
        arguments: [
            ("Authorization", "Bearer a", "connect with another token, or restart with another"),
            ("authorization", "bearer a", "connect with another token, or restart with another"),
            ("Authorization", "Basic YTpi", "put others into the configuration and restart"),
            ("Cookie", "session=a", "put others into the configuration and restart"),
            ("X-Api-Key", "a", "put others into the configuration and restart"),
        ]
    )
    func theWayOut(name: String, value: String, words: String) throws {
        let literal = try ClientHarness { $0.requestHeaders = { [(name, value)] } }
        try refuseThrice(literal)
        #expect(literal.client.status.reason?.hasSuffix("; \(tooOften); \(words)") == true)
        let (read, source) = try harness([])
        source.prepared = Array(repeating: .success(WebSocketCredentials(headers: [(name, value)])), count: 3)
        try refuseThrice(read)
        let looks = "what they are read from is looked at every 60 s"
        let command = value.lowercased().hasPrefix("bearer") ? ", or connect with another token" : ""
        #expect(read.client.status.reason?.hasSuffix("; \(tooOften); \(looks)\(command)") == true)
    }

    @Test func freshOnesEachTimeAreTriedForEver() throws {
        let (harness, source) = try harness((0..<20).map { "t\($0)" })
        harness.client.connect()
        try refuse(harness)
        for _ in 0..<8 {
            try refuse(harness)
            #expect(harness.client.status.nextAttempt != nil)
            waitForTheNextAttempt(harness)
        }
        #expect(harness.urls.count == 10 && source.requests.count == 10)
    }

    @Test func aServerThatAsksToComeBackOrWasNeverToldIsTriedAgain() throws {
        let later = try harness(Array(repeating: "a", count: 6)).0
        later.client.connect()
        for _ in 0..<5 {
            try refuse(later, "403 Forbidden\r\nRetry-After: 1\r\n")
            waitForTheNextAttempt(later)
        }
        #expect(later.urls.count == 6)
        let nobody = try ClientHarness()
        nobody.client.connect()
        for _ in 0..<5 {
            try refuse(nobody, "403 Forbidden\r\n")
            waitForTheNextAttempt(nobody)
        }
        #expect(nobody.urls.count == 6)
    }

    @Test func whoeverWasRedirectedToWasNotTold() throws {
        let harness = try ClientHarness {
            $0.requestHeaders = { [("Authorization", "Bearer a")] }
            $0.followRedirects = 1
        }
        harness.client.connect()
        for _ in 0..<4 {
            try harness.accept()
            try harness.receive("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere.example/\r\n\r\n")
            try refuse(harness)
            waitForTheNextAttempt(harness)
        }
        #expect(harness.urls.count == 9)
    }

    @Test func anEstablishmentBetweenThemBeginsAfresh() throws {
        let harness = try ClientHarness { $0.requestHeaders = { [("Authorization", "Bearer a")] } }
        harness.client.connect()
        for _ in 0..<4 {
            for _ in 0..<2 {
                try refuse(harness)
                waitForTheNextAttempt(harness)
            }
            try harness.accept()
            try harness.answerHandshake()
            harness.drop()
            waitForTheNextAttempt(harness)
        }
        #expect(harness.urls.count == 13)
    }

    @Test("close codes that say unauthorized count, unless the connection had lasted", arguments: [3000, 4401, 4403])
    func closeCodes(code: UInt16) throws {
        for (lasting, count) in [(TimeAmount.seconds(1), 3), (.seconds(40), 5)] {
            let harness = try ClientHarness {
                $0.requestHeaders = { [("Authorization", "Bearer a")] }
                $0.keepAlive.isEnabled = false
            }
            harness.client.connect()
            for _ in 0..<5 where harness.client.status.state == .connecting {
                try harness.accept()
                try harness.answerHandshake()
                harness.advance(by: lasting)
                try harness.serve { encoder, buffer in
                    encoder.encodeClose(CloseFrame(code: .init(rawValue: code), reason: "no"), into: &buffer)
                }
                harness.drop()
                waitForTheNextAttempt(harness)
            }
            #expect(harness.urls.count == (count == 3 ? 3 : 6), "\(harness.events) \(harness.client.status)")
            #expect(harness.client.status.reason?.contains(tooOften) == (count == 3))
        }
    }

    @Test func whatIsSaidInASessionCountsToo() throws {
        let (harness, source) = try harness([])
        let said = { (token: String) in WebSocketCredentials(headers: [], spoken: [token]) }
        source.prepared = Array(repeating: .success(said("a")), count: 3)
        harness.client.connect()
        for _ in 0..<3 {
            try harness.accept()
            try harness.answerHandshake()
            harness.client.credentialsWereRefused()
            harness.client.giveUp(because: "auth_invalid", code: .policyViolation, needsPerson: true)
            harness.drop()
            waitForTheNextAttempt(harness)
        }
        #expect(harness.urls.count == 3)
        let looks = "what they are read from is looked at every 60 s"
        #expect(harness.client.status.reason == "auth_invalid; \(tooOften); \(looks)")
        source.prepared = [.success(said("b")), .success(said("b"))]
        harness.advance(by: .seconds(60))
        #expect(harness.urls.count == 4)
    }

    @Test("what was said in a session counts as taken once the connection has lasted", arguments: [(29, 4), (30, 6)])
    func aSessionThatLasts(seconds: Int64, attempts: Int) throws {
        let (harness, source) = try harness([]) { $0.keepAlive.isEnabled = false }
        let said = WebSocketCredentials(headers: [], spoken: ["a"])
        source.prepared = Array(repeating: .success(said), count: 9)
        harness.client.connect()
        for round in 0..<5 where harness.client.status.state == .connecting {
            try harness.accept()
            try harness.answerHandshake()
            // The third connection ends for nobody's fault.
            if round == 2 { harness.advance(by: .seconds(seconds)) }
            let close = CloseFrame(code: .init(rawValue: round == 2 ? 1000 : 4401), reason: "")
            try harness.serve { encoder, buffer in encoder.encodeClose(close, into: &buffer) }
            harness.drop()
            waitForTheNextAttempt(harness)
        }
        #expect(harness.urls.count == attempts)
    }

    @Test func disconnectEndsTheLooking() throws {
        let (harness, source) = try harness(["a", "a", "a"])
        try refuseThrice(harness)
        harness.client.disconnect()
        let asked = source.requests.count
        harness.advance(by: .hours(1))
        #expect(source.requests.count == asked && harness.client.status.state == .disconnected)
    }

    @Test func withoutAutoReconnectNothingIsLookedFor() throws {
        let (harness, source) = try harness(["a", "a", "a"]) { $0.autoReconnect = false }
        try refuseThrice(harness)
        let asked = source.requests.count
        harness.advance(by: .hours(1))
        #expect(source.requests.count == asked && harness.urls.count == 3)
    }
}
