import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// A session's steps, heartbeats and the watch over silence, as configured.
struct SessionTests {
    private let login = #"""
        session:
          - expect: { json: $.op, equals: hello }
            capture: { sid: $.session, nonce: $.nonce }
            timeout: 5s
          - send: '{"op":"login","session":"{sid}","nonce":{nonce}}'
            expect: { json: $.op, equals: welcome }
            fail_on: { json: $.op, equals: denied }
          - send: '{"op":"subscribe","session":"{sid}"}'
        """#

    @Test func goesThroughItsStepsBeforeMessagesFlow() throws {
        let rig = try SessionRig(login)
        #expect(rig.establish() == [])
        #expect(!rig.session.isReady)
        #expect(rig.session.progress == "the session runs: session step 1 of 3")
        #expect(
            rig.receive("early", #"{"op":"hello","session":"s\"1","nonce":7}"#)
                == ["route early", #"send {"op":"login","session":"s\"1","nonce":7}"#]
        )
        #expect(
            rig.receive(#"{"op":"welcome"}"#, "data")
                == ["route data", #"send {"op":"subscribe","session":"s\"1"}"#, "ready"]
        )
        #expect(rig.session.isReady && rig.session.progress == nil)
        #expect(rig.receive(#"{"op":"welcome"}"#) == [#"route {"op":"welcome"}"#], "nothing waits for it any more")
        #expect(rig.session.stats == SessionStats(ready: true, consumed: 2, heartbeats: 0, forwarded: 0))
    }

    @Test func aTimeoutReconnectsAndSaysWhatWasMissed() throws {
        let rig = try SessionRig(login)
        _ = rig.establish()
        #expect(rig.advance(by: .seconds(4)) == [])
        #expect(
            rig.advance(by: .seconds(1)) == [
                "reconnect 1008: session step 1 of 3: no message that matches { json: $.op, equals: hello } within 5 s"
            ]
        )
        #expect(!rig.session.isReady)
    }

    @Test func aRefusalIsAFaultInTheServersWords() throws {
        let rig = try SessionRig(login)
        _ = rig.establish()
        rig.receive(#"{"op":"hello","session":"s-1","nonce":7}"#)
        #expect(
            rig.receive(#"{"op":"denied","why":"no such user"}"#, "later") == [
                "route later",
                #"fault 1008: session step 2 of 3: server refused: {"op":"denied","why":"no such user"}"#,
            ]
        )
    }

    @Test func aMissingValueIsAFailure() throws {
        let rig = try SessionRig(login)
        _ = rig.establish()
        #expect(
            rig.receive(#"{"op":"hello","session":"s-1"}"#)
                == ["reconnect 1008: session step 1 of 3: the expected message has no value at $.nonce"]
        )
    }

    @Test func eachConnectionHasItsOwnSession() throws {
        let rig = try SessionRig(login)
        for sid in ["one-1", "two-2"] {
            _ = rig.establish()
            rig.receive(#"{"op":"hello","session":"\#(sid)","nonce":1}"#)
            #expect(rig.receive(#"{"op":"welcome"}"#).contains(#"send {"op":"subscribe","session":"\#(sid)"}"#))
            rig.session.ended()
            #expect(!rig.session.isReady)
        }
    }

    @Test func routesSeeWhatAStepIsToldToForward() throws {
        let rig = try SessionRig("session: [ { expect: hello, forward: true } ]")
        _ = rig.establish()
        #expect(rig.receive("hello", "x") == ["route hello", "route x", "ready"])
        #expect(rig.session.stats == SessionStats(ready: true, consumed: 1, heartbeats: 0, forwarded: 1))
    }

    @Test func timeLimitsStandStillWhileNobodyReads() throws {
        let rig = try SessionRig(login)
        _ = rig.establish()
        rig.session.readingPaused()
        #expect(rig.advance(by: .hours(1)) == [])
        rig.session.readingResumed()
        #expect(rig.advance(by: .seconds(4)) == [])
        #expect(rig.advance(by: .seconds(1)).count == 1)
    }

    @Test("S7: what a session captures or is given is hidden, and nothing is shown before it is known")
    func capturedValuesAreHidden() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("the-\"canary\"\n", to: "token")
            let rig = try SessionRig(
                """
                session:
                  variables: { token: { file: "\(path)" } }
                  steps:
                    - send: 'token {token}'
                      expect: { prefix: "{" }
                      capture: { sid: $.sid, short: $.n }
                """
            )
            #expect(rig.establish() == ["send token the-\"canary\""])
            #expect(rig.isConcealing)
            #expect(rig.receive(#"{"sid":"canary-sid","n":"1"}"#) == ["ready"])
            #expect(!rig.isConcealing)
            #expect(Set(rig.learned) == ["the-\"canary\"", #"the-\"canary\""#, "canary-sid"])
        }
    }

    @Test func aSecretFileThatIsGoneIsAFault() throws {
        let rig = try withTemporaryFolder { folder in
            let path = try folder.write("x", to: "token")
            return try SessionRig(
                "session: { variables: { token: { file: \"\(path)\" } }, steps: [ { send: '{token}' } ] }"
            )
        }
        let said = rig.establish()
        #expect(said.count == 1 && said[0].hasPrefix("fault 1008: the secret file "), "\(said)")
    }

    @Test func aLaterEndIsForwardedAndEndsTheConnection() throws {
        let rig = try SessionRig("session: { steps: [ { send: hi } ], end_on: { equals: bye } }")
        #expect(rig.establish() == ["send hi", "ready"])
        #expect(
            rig.receive("data", "bye") == ["route data", "route bye", "reconnect 1008: server ended the session: bye"]
        )
    }

    // MARK: Heartbeats

    private let heartbeat = """
        heartbeat: { send: '{"op":"ping"}', every: 15s, expect: { json: $.op, equals: pong }, timeout: 10s }
        silence_timeout: 1m
        """

    @Test func heartbeatsAreAnsweredAndTheirAnswersTakenOut() throws {
        let rig = try SessionRig(heartbeat)
        #expect(rig.establish() == ["ready"])
        #expect(rig.advance(by: .seconds(15)) == [#"send {"op":"ping"}"#])
        #expect(rig.receive("a", #"{"op":"pong"}"#, "b") == ["route a", "route b"])
        #expect(rig.advance(by: .seconds(15)) == [#"send {"op":"ping"}"#])
        #expect(rig.session.stats.heartbeats == 1)
    }

    @Test func anAnswerThatStaysAwayEndsTheConnection() throws {
        let rig = try SessionRig(heartbeat)
        _ = rig.establish()
        _ = rig.advance(by: .seconds(15))
        rig.receive("data")
        #expect(
            rig.advance(by: .seconds(10)) == ["reconnect 1001: server did not answer a heartbeat within 10 s"]
        )
        #expect(rig.advance(by: .hours(1)) == [])
    }

    @Test func aDeadFeedBehindALivingHeartbeatIsSilence() throws {
        let rig = try SessionRig(heartbeat)
        _ = rig.establish()
        var said: [String] = []
        for _ in 0..<8 where said.allSatisfy({ $0.hasPrefix("send") }) {
            said = rig.advance(by: .seconds(15))
            rig.receive(#"{"op":"pong"}"#)
        }
        #expect(said.last == "reconnect 1001: server sent no message for 60 s")
    }

    @Test func theServersOwnHeartbeatIsAnswered() throws {
        let rig = try SessionRig("heartbeat: { answer: { equals: ping }, with: pong, within: 30s }")
        _ = rig.establish()
        #expect(rig.receive("ping", "x") == ["route x", "send pong"])
        #expect(
            rig.advance(by: .seconds(30))
                == ["reconnect 1001: server sent no heartbeat and nothing else for 30 s"]
        )
    }

    @Test func heartbeatsAreForwardedWhereThatIsWanted() throws {
        let rig = try SessionRig("heartbeat: { answer: { equals: ping }, forward: true }")
        _ = rig.establish()
        #expect(rig.receive("ping", "x") == ["route ping", "route x"])
        #expect(rig.session.stats == SessionStats(ready: true, consumed: 0, heartbeats: 1, forwarded: 1))
    }

    @Test func heartbeatsMayNameWhatTheSessionCaptured() throws {
        let rig = try SessionRig(
            """
            session: [ { expect: { prefix: "{" }, capture: { sid: $.sid } } ]
            heartbeat: { send: 'beat {sid}', every: 5s }
            """
        )
        _ = rig.establish()
        rig.receive(#"{"sid":"s-1"}"#)
        #expect(rig.advance(by: .seconds(5)) == ["send beat s-1"])
        #expect(rig.advance(by: .seconds(5)) == ["send beat s-1"])
    }

    @Test func withNothingOfTheKindThereIsNoSession() throws {
        #expect(throws: SessionRig.NoSession.self) { try SessionRig("") }
    }

    @Test func whereNothingHasToBeLookedAtBatchesPassUntouched() throws {
        let rig = try SessionRig("silence_timeout: 30s")
        _ = rig.establish()
        #expect(rig.receive("a", "b") == ["route a", "route b"])
        #expect(!rig.session.script.inspectsAlways)
        #expect(rig.advance(by: .seconds(30)) == ["reconnect 1001: server sent no message for 30 s"])
    }

    @Test(
        "a refusal is one of credentials only if the last text told a secret of the configuration",
        arguments: [
            ("{ token: abc }", "- { send: 'in {token}', expect: ok, fail_on: no }", true),
            ("{ mine: { file: /nowhere } }", "- { send: 'in {mine}', expect: ok, fail_on: no }", true),
            ("{ token: abc }", "- { send: 'in {token}' }\n    - { expect: ok, fail_on: no }", true),
            ("{ channel: abc }", "- { send: 'in {channel}', expect: ok, fail_on: no }", false),
            ("{ token: abc }", "- { send: 'in {token}' }\n    - { send: sub, expect: ok, fail_on: no }", false),
            ("{ token: abc }", "- { expect: ok, fail_on: no }\n    - { send: 'in {token}' }", false),
        ]
    )
    func refusalsOfCredentials(variables: String, steps: String, areRefused: Bool) throws {
        let rig = try SessionRig("session:\n  variables: \(variables)\n  steps:\n    \(steps)")
        guard rig.session.script.variables.allSatisfy({ !$0.value.isFile }) else {
            #expect(rig.session.script.tellsSecret(before: 0) == areRefused)
            return
        }
        _ = rig.establish()
        rig.receive("no")
        #expect(rig.areCredentialsRefused == areRefused)
    }

    @Test(
        "a session that is through says that its secret was taken only if it awaited an answer to it",
        arguments: [
            ("- { send: 'in {token}' }", false), ("- { send: 'in {token}', expect: ok }", true),
            ("- { send: 'in {token}' }\n    - { expect: ok }", true),
            ("- { send: 'in {token}' }\n    - { send: sub, expect: ok }", true),
            ("- { expect: hello }\n    - { send: 'in {token}' }\n    - { send: sub }", false),
            ("- { send: 'in {token}', expect: ok }\n    - { send: 'more {token}' }", false),
            ("- { send: hello, expect: ok }", false),
        ]
    )
    func answersToASecret(steps: String, areAwaited: Bool) throws {
        let rig = try SessionRig("session:\n  variables: { token: abc }\n  steps:\n    \(steps)")
        #expect(rig.session.script.awaitsAnswerToSecret == areAwaited)
    }

    @Test func homeAssistantsLoginIsOneAndItsSubscriptionIsNone() throws {
        let keys = "session: { preset: home-assistant, access_token: abc, events: [ e ] }"
        let login = try SessionRig(keys)
        _ = login.establish()
        login.receive(#"{"type":"auth_required"}"#, #"{"type":"auth_invalid"}"#)
        #expect(login.areCredentialsRefused)
        for (member, isSecret) in [("Authorization: abc", true), ("locale: de", false)] {
            let rig = try SessionRig(
                "session:\n  preset: graphql-transport-ws\n  payload: { \(member) }\n"
                    + "  subscriptions: [ { query: 'subscription News {news}' } ]"
            )
            #expect(rig.session.script.variables.map(\.isSecret) == [isSecret])
        }
        let subscription = try SessionRig(keys)
        _ = subscription.establish()
        subscription.receive(#"{"type":"auth_required"}"#, #"{"type":"auth_ok"}"#)
        subscription.receive(#"{"id":1,"type":"result","success":false}"#)
        #expect(!subscription.areCredentialsRefused)
    }
}
