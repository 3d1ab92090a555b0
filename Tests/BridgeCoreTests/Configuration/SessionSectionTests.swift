import BridgeCore
import Testing
import WSClient

/// `session` and `heartbeat` of a connection: what is accepted, and what is said about the rest.
struct SessionSectionTests {
    private func yaml(_ keys: String) -> String {
        let lines = keys.split(separator: "\n").map { "    \($0)\n" }.joined()
        return "connections:\n  cloud:\n    url: wss://example.com/feed\n" + lines + "routes: {}\n"
    }

    @Test func stepsMayStandAloneOrBesideOtherKeys() throws {
        let alone = try configuration(yaml("session: [ { send: hello, expect: welcome, timeout: 3s } ]"))
        let beside = try configuration(
            yaml("session: { steps: [ { send: hello, expect: welcome, timeout: 3s } ], variables: {} }")
        )
        let session = try #require(alone.connections[0].session)
        #expect(session == beside.connections[0].session)
        #expect(session.steps[0].timeout == .seconds(3))
        #expect(session.steps[0].expect == .contains("welcome", caseSensitive: true))
    }

    @Test func whatAStepLacksIsSaidAtItsPlace() {
        expect(
            yaml(
                """
                session:
                  - { }
                  - { send: x, capture: { a: $.a }, timeout: 1s }
                  - { sent: x }
                  - { expect: x, on_failure: retry }
                """
            ),
            says: [
                "5:9: a step needs send, expect, or both",
                "6:20: capture needs expect beside it: it is about the expected message",
                "6:41: timeout needs expect beside it: it is about the expected message",
                "7:9: a step needs send, expect, or both",
                "7:11: unknown key 'sent' in connections.cloud.session: did you mean 'send'?",
                "8:34: on_failure must be one of reconnect, fault, found 'retry'",
            ]
        )
    }

    @Test func aTextNamesOnlyWhatIsKnownByThen() {
        expect(
            yaml(
                """
                session:
                  - send: '{"t":"{sid}"}'
                  - { expect: x, capture: { sid: $.sid } }
                  - send: '{sid} {side} {{side}}'
                heartbeat: { send: '{pid}' }
                """
            ),
            says: [
                "5:15: send names {sid}, which has no value (no step before it captures anything, and there are no "
                    + "variables); the text {sid} is written {{sid}}",
                "7:15: send names {side}, which has no value (known here: sid); the text {side} is written {{side}}",
                "8:16: heartbeat names {pid}, which has no value (known here: sid); the text {pid} is written {{pid}}",
            ]
        )
    }

    @Test func captureWantsNamesAndPaths() {
        expect(
            yaml("session: [ { expect: x, capture: { 1a: $.a, b: a } }, { expect: x, capture: [ a ] } ]"),
            says: [
                "4:40: capture: a name holds letters, digits and _, and begins with none of the digits",
                "4:52: b: a JSON path begins with $: write $.name (at character 1)",
                "4:81: capture must be a mapping of names to JSON paths, such as { sid: $.sid }, found a list",
            ]
        )
    }

    @Test func unquotedJSONIsExplained() {
        expect(
            yaml("session: [ { send: {op: login} } ]"),
            says: [
                "4:24: send must be a text such as '{\"op\":\"ping\"}', found a mapping of keys: put single quotes "
                    + "around JSON"
            ]
        )
    }

    @Test func onEstablishedBesideASessionSaysTheSameTwice() {
        expect(
            yaml("on_established: [ a ]\nsession: [ { send: b } ]"),
            says: ["4:5: on_established can't stand beside session: write its messages as steps, '- send: …'"]
        )
    }

    @Test func aSessionOfNothing() {
        expect(
            yaml("session: {}"),
            says: ["4:14: session needs steps, or a preset"]
        )
        expect(
            yaml("session: hello"),
            says: [
                "4:14: session must be a list of steps such as '- send: hello', or a mapping such as "
                    + "{ preset: okx, … }, found 'hello'"
            ]
        )
    }

    @Test func presetsKnowTheirKeys() {
        expect(
            yaml("session: { preset: homeassistant }"),
            says: [
                "4:24: preset must be one of graphql-transport-ws, home-assistant, socket.io, signalr, okx, found "
                    + "'homeassistant'; did you mean 'home-assistant'?"
            ]
        )
        expect(
            yaml("session: { preset: home-assistant, token: x }"),
            says: [
                "4:14: the preset home-assistant needs an access_token, such as { file: PATH }",
                "4:40: unknown key 'token' in connections.cloud.session: the keys here are preset, access_token, events, "
                    + "variables, steps, end_on",
            ]
        )
        expect(
            yaml("session: { preset: okx, channels: [ tickers ] }"),
            says: ["4:41: channels must be a mapping of names to texts, found 'tickers'"]
        )
        expect(
            yaml("session: { preset: graphql-transport-ws, subscriptions: [ { variables: { a: 1 } } ] }"),
            says: ["4:63: a subscription needs a query, such as 'subscription { … }'"]
        )
        expect(
            yaml("session: { preset: socket.io, namespace: feed }"),
            says: [
                "4:5: warning: this protocol's path has a query, such as /socket.io/?EIO=4&transport=websocket",
                "4:46: namespace: a namespace begins with / and holds no comma",
            ]
        )
    }

    @Test func aVariableWithoutItsValueIsNoUnknownName() {
        expect(
            yaml("session: { variables: { token: '${NOPE}' }, steps: [ { send: '{token}' } ] }"),
            says: ["4:36: the environment variable NOPE isn't set: set it, or write ${NOPE:-default}"]
        )
    }

    @Test func stepsFollowThoseOfThePresetAndKnowItsValues() throws {
        let gateway = try configuration(
            yaml("session: { preset: home-assistant, access_token: x, steps: [ { send: 'again {access_token}' } ] }")
        )
        #expect(gateway.connections[0].session?.steps.count == 4)
        #expect(gateway.connections[0].endpoint.path == "/feed", "a path that is written stays")
    }

    @Test func socketIOsPathWithoutItsQueryIsAWarning() throws {
        _ = try configuration(
            yaml("session: { preset: socket.io }"),
            warnings: [
                "4:5: warning: this protocol's path has a query, such as /socket.io/?EIO=4&transport=websocket"
            ]
        )
    }

    @Test("S5: a session's secrets that travel unencrypted are a warning") func unencryptedSecretsAreAWarning() throws {
        _ = try configuration(
            "connections:\n  ha:\n    url: ws://ha.local:8123\n    session: { preset: home-assistant, access_token: x }\n"
                + "routes: {}\n",
            warnings: ["4:5: warning: what the session sends travels unencrypted: use wss"]
        )
    }

    @Test func heartbeatsSayWhatTheyLack() {
        expect(
            yaml("heartbeat: {}"),
            says: [
                "4:16: heartbeat needs a text to send, or an answer to the server's heartbeat, or within"
            ]
        )
        expect(
            yaml("heartbeat: { expect: pong, with: x, timeout: 5s, within: 10s }"),
            says: [
                "4:18: expect needs send beside it",
                "4:32: with needs answer beside it",
            ]
        )
        expect(
            yaml("heartbeat: { send: ping, timeout: 5s }"),
            says: ["4:30: timeout needs expect beside it"]
        )
    }

    @Test func aHeartbeatAsInTheDocuments() throws {
        let gateway = try configuration(
            yaml(
                #"heartbeat: { send: '{"op":"ping"}', every: 15s, expect: { json: $.op, equals: pong }, timeout: 10s }"#
            )
        )
        let heartbeat = try #require(gateway.connections[0].heartbeats.first)
        #expect(heartbeat.every == .seconds(15) && heartbeat.timeout == .seconds(10) && !heartbeat.forward)
        #expect(heartbeat.expect == .json(path: "$.op", .equals(.string("pong")), caseSensitive: true))
    }
}
