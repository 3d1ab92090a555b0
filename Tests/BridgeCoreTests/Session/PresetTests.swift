import NIOCore
import Testing
import WSClient

@testable import BridgeCore

/// Each preset as a conversation, with the server's lines as its protocol has them.
struct PresetTests {
    @Test("home-assistant") func homeAssistant() throws {
        let rig = try SessionRig(
            "session: { preset: home-assistant, access_token: canary, events: [ state_changed, call_service ] }"
        )
        #expect(rig.configuration.endpoint.path == "/api/websocket")
        #expect(rig.establish() == [])
        #expect(
            rig.receive(#"{"type":"auth_required","ha_version":"2026.1.0"}"#)
                == [#"send {"type":"auth","access_token":"canary"}"#]
        )
        #expect(
            rig.receive(#"{"type":"auth_ok","ha_version":"2026.1.0"}"#)
                == [#"send {"id":1,"type":"subscribe_events","event_type":"state_changed"}"#]
        )
        let event = #"{"id":1,"type":"event","event":{"event_type":"state_changed"}}"#
        #expect(
            rig.receive(#"{"id":1,"type":"result","success":true,"result":null}"#, event)
                == ["route \(event)", #"send {"id":2,"type":"subscribe_events","event_type":"call_service"}"#]
        )
        #expect(rig.receive(#"{"id":2,"type":"result","success":true,"result":null}"#) == ["ready"])
    }

    @Test("home-assistant: a wrong token is a fault in Home Assistant's words") func homeAssistantRefuses() throws {
        let rig = try SessionRig("session: { preset: home-assistant, access_token: wrong }")
        _ = rig.establish()
        rig.receive(#"{"type":"auth_required"}"#)
        #expect(
            rig.receive(#"{"type":"auth_invalid","message":"Invalid access token or password"}"#) == [
                "fault 1008: session step 2 of 3: server refused: "
                    + #"{"type":"auth_invalid","message":"Invalid access token or password"}"#
            ]
        )
    }

    private let graphql = #"""
        session:
          preset: graphql-transport-ws
          payload: { Authorization: 'Bearer canary-1' }
          subscriptions:
            - { query: 'subscription($s: String!) {trade(symbol: $s) {price}}', variables: { s: ABC, n: 5, deep: [ true ] } }
            - { query: 'subscription News {news}', operation_name: News }
        """#

    @Test("graphql-transport-ws") func graphQL() throws {
        let rig = try SessionRig(graphql)
        #expect(rig.configuration.subprotocols == ["graphql-transport-ws"])
        #expect(
            rig.establish("graphql-transport-ws")
                == [#"send {"type":"connection_init","payload":{"Authorization":"Bearer canary-1"}}"#]
        )
        let query = #""query":"subscription($s: String!) {trade(symbol: $s) {price}}""#
        #expect(
            rig.receive(#"{"type":"connection_ack"}"#) == [
                #"send {"id":"1","type":"subscribe","payload":{\#(query),"variables":{"s":"ABC","n":5,"deep":[true]}}}"#,
                #"send {"id":"2","type":"subscribe","payload":{"query":"subscription News {news}","operationName":"News"}}"#,
                "ready",
            ]
        )
        let next = #"{"id":"1","type":"next","payload":{"data":{"trade":{"price":1}}}}"#
        #expect(rig.receive(#"{"type":"ping"}"#, next) == ["route \(next)", #"send {"type":"pong"}"#])
        let end = #"{"id":"1","type":"complete"}"#
        #expect(rig.receive(end) == ["route \(end)", "reconnect 1008: server ended the session: \(end)"])
    }

    @Test("graphql-transport-ws: an error of the operation is a fault") func graphQLError() throws {
        let rig = try SessionRig(graphql)
        _ = rig.establish("graphql-transport-ws")
        rig.receive(#"{"type":"connection_ack"}"#)
        let error = #"{"id":"1","type":"error","payload":[{"message":"no such field"}]}"#
        #expect(rig.receive(error) == ["route \(error)", "fault 1008: server ended the session: \(error)"])
    }

    @Test("graphql-transport-ws: a server without the subprotocol is a fault") func graphQLSubprotocol() throws {
        let rig = try SessionRig(graphql)
        #expect(
            rig.establish() == ["fault 1008: server did not choose the subprotocol graphql-transport-ws or any other"]
        )
    }

    @Test("socket.io") func socketIO() throws {
        let rig = try SessionRig("session: { preset: socket.io, auth: { token: canary-1 } }")
        #expect(rig.configuration.endpoint.path == "/socket.io/?EIO=4&transport=websocket")
        #expect(rig.establish() == [])
        #expect(
            rig.receive(#"0{"sid":"e1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
                == [#"send 40{"token":"canary-1"}"#]
        )
        #expect(rig.receive("2") == ["send 3"], "the server may ping at any time")
        #expect(rig.receive(#"40{"sid":"s1-of-the-session"}"#) == ["ready"])
        #expect(rig.learned.contains("s1-of-the-session"))
        #expect(rig.receive(#"42["trade",{"p":1}]"#, "2", "6") == [#"route ["trade",{"p":1}]"#, "route 6", "send 3"])
        rig.sessionSends(#"["subscribe","trades"]"#)
        #expect(rig.actions == [#"send 42["subscribe","trades"]"#])
        #expect(rig.receive("41") == ["route 41", "reconnect 1008: server ended the session: 41"])
    }

    private let open = #"0{"sid":"e1","upgrades":[],"pingInterval":20000,"pingTimeout":5000}"#

    @Test("socket.io: the open packet's pingInterval and pingTimeout count, unless the user says otherwise")
    func socketIOTimes() throws {
        let gone = "reconnect 1001: server sent no heartbeat and nothing else for"
        let rig = try SessionRig("session: { preset: socket.io }")
        _ = rig.establish()
        rig.receive(open, #"40{"sid":"s1"}"#)
        #expect(rig.advance(by: .seconds(24)) == [])
        #expect(rig.receive("2") == ["send 3"])
        #expect(rig.advance(by: .seconds(24)) == [])
        #expect(rig.advance(by: .seconds(1)) == ["\(gone) 25 s"])
        _ = rig.establish()
        rig.receive(#"0{"sid":"e1","pingInterval":300000,"pingTimeout":60000}"#, #"40{"sid":"s1"}"#)
        #expect(rig.advance(by: .seconds(359)) == [])
        #expect(rig.advance(by: .seconds(1)) == ["\(gone) 360 s"])
        for unusable in [
            #"0{"sid":"e1"}"#, #"0{"pingInterval":0,"pingTimeout":5}"#, #"0{"pingInterval":"x","pingTimeout":5}"#,
        ] {
            _ = rig.establish()
            rig.receive(unusable, #"40{"sid":"s1"}"#)
            #expect(rig.advance(by: .seconds(59)) == [])
            #expect(rig.advance(by: .seconds(1)) == ["\(gone) 60 s"], "the last server's times are forgotten")
        }
        for own in [
            "session: { preset: socket.io, within: 90s }", "session: { preset: socket.io }\nheartbeat: { within: 90s }",
        ] {
            let rig = try SessionRig(own)
            _ = rig.establish()
            rig.receive(open, #"40{"sid":"s1"}"#)
            #expect(rig.advance(by: .seconds(89)) == [])
            #expect(rig.advance(by: .seconds(1)) == ["\(gone) 90 s"])
        }
    }

    @Test(
        "socket.io: absurd times stay within what the keys allow",
        arguments: [
            (#"0{"pingInterval":1e300,"pingTimeout":1e-9}"#, 86_400_010),
            (#"0{"pingInterval":0.5,"pingTimeout":1}"#, 20),
        ]
    )
    func socketIOAbsurdTimes(open: String, milliseconds: Int64) throws {
        let rig = try SessionRig("session: { preset: socket.io }")
        _ = rig.establish()
        rig.receive(open, #"40{"sid":"s1"}"#)
        #expect(rig.advance(by: .milliseconds(milliseconds - 1)) == [])
        #expect(rig.advance(by: .milliseconds(1)).count == 1)
    }

    @Test(
        "socket.io: a server of Engine.IO 3 is told by its 40 without a body, and what to write is said",
        arguments: ["/", "/feed"]
    )
    func socketIORecognisesEngineIO3(namespace: String) throws {
        let rig = try SessionRig("session: { preset: socket.io, namespace: \(namespace) }")
        _ = rig.establish()
        rig.receive(open)
        #expect(
            rig.receive("40") == [
                "fault 1008: session step 2 of 2: server speaks Engine.IO 3 (Socket.IO 2): write EIO=3 in the url, as in "
                    + "/socket.io/?EIO=3&transport=websocket"
            ]
        )
    }

    @Test("socket.io with EIO=3 in the url: the client pings as the open packet says, and / needs no asking")
    func engineIO3() throws {
        let path = #"path: "/socket.io/?EIO=3&transport=websocket""#
        let rig = try SessionRig("session: { preset: socket.io }", server: "hostname: 127.0.0.1\n\(path)")
        #expect(rig.configuration.endpoint.path == "/socket.io/?EIO=3&transport=websocket")
        #expect(rig.establish() == [])
        #expect(rig.receive(open, "40") == ["ready"])
        #expect(rig.receive(#"42["trade",{"p":1}]"#) == [#"route ["trade",{"p":1}]"#])
        #expect(rig.advance(by: .seconds(19)) == [])
        #expect(rig.advance(by: .seconds(1)) == ["send 2"])
        #expect(rig.receive("3") == [])
        #expect(rig.advance(by: .seconds(20)) == ["send 2"])
        #expect(rig.advance(by: .seconds(5)).last?.hasPrefix("reconnect 1001: server ") == true)

        let named = try SessionRig(
            "session: { preset: socket.io, namespace: /feed }",
            server: "hostname: 127.0.0.1\n\(path)"
        )
        _ = named.establish()
        #expect(named.receive(open, "40") == ["send 40/feed,"])
        #expect(named.receive("40/feed") == ["ready"])
        #expect(named.receive(#"42/feed,["trade",{"p":1}]"#) == [#"route ["trade",{"p":1}]"#])
        named.sessionSends(#"["subscribe"]"#)
        #expect(named.actions == [#"send 42/feed,["subscribe"]"#])
    }

    @Test("What the user writes wins over a preset's: each key of each heartbeat")
    func theUserWins() throws {
        let calm = try SessionRig("session: { preset: signalr }\nheartbeat: { within: 180s }")
        _ = calm.establish()
        calm.receive("{}\u{1e}")
        #expect(calm.advance(by: .seconds(179)) == Array(repeating: "send {\"type\":6}\u{1e}", count: 11))
        #expect(
            calm.advance(by: .seconds(1)).last == "reconnect 1001: server sent no heartbeat and nothing else for 180 s"
        )

        let beside = try SessionRig("session: { preset: signalr }\nheartbeat: { send: 'own', every: 5s }")
        _ = beside.establish()
        beside.receive("{}\u{1e}")
        let own = "send own\u{1e}"
        #expect(
            beside.advance(by: .seconds(15)) == [own, own, own, "send {\"type\":6}\u{1e}"],
            "the hub wants its ping"
        )

        let instead = try SessionRig(
            "session: { preset: okx, channels: [ { channel: a } ] }\nheartbeat: { send: '{\"op\":\"ping\"}', every: 30s }"
        )
        _ = instead.establish()
        instead.receive(#"{"event":"subscribe","arg":{"channel":"a"}}"#)
        #expect(instead.advance(by: .seconds(60)) == Array(repeating: #"send {"op":"ping"}"#, count: 2))

        let often = try SessionRig(
            "session: { preset: okx, channels: [ { channel: a } ] }\nheartbeat: { every: 5s, timeout: 1s }"
        )
        _ = often.establish()
        often.receive(#"{"event":"subscribe","arg":{"channel":"a"}}"#)
        #expect(often.advance(by: .seconds(5)) == ["send ping"])
        #expect(often.receive("pong") == [])
        #expect(often.advance(by: .seconds(5)) == ["send ping"])
        #expect(often.advance(by: .seconds(1)) == ["reconnect 1001: server did not answer a heartbeat within 1 s"])

        let answers = try SessionRig(
            "session: { preset: socket.io }\nheartbeat: { answer: { prefix: '42[\"ping\"' }, with: '[\"pong\"]', within: none }"
        )
        _ = answers.establish()
        answers.receive(open, #"40{"sid":"s1"}"#)
        #expect(answers.receive(#"42["ping",1]"#, "2") == [#"send 42["pong"]"#, "send 3"])
        #expect(answers.advance(by: .hours(24)) == [], "within: none")

        let forwards = try SessionRig("session: { preset: socket.io }\nheartbeat: { forward: true, with: '3x' }")
        _ = forwards.establish()
        forwards.receive(open, #"40{"sid":"s1"}"#)
        #expect(forwards.receive("2") == ["route 2", "send 3x"])
    }

    @Test("What the user writes wins: end_on over a preset's endings, a path over the usual one")
    func theUsersEndingAndPathWin() throws {
        let rig = try SessionRig(
            """
            session:
              preset: graphql-transport-ws
              subscriptions: [ { query: a } ]
              end_on: { json: $.type, equals: error }
            """
        )
        _ = rig.establish("graphql-transport-ws")
        rig.receive(#"{"type":"connection_ack"}"#)
        let error = #"{"id":"1","type":"error"}"#
        #expect(rig.receive(error) == ["route \(error)", "reconnect 1008: server ended the session: \(error)"])

        let session = "session: { preset: home-assistant, access_token: t }"
        let root = try SessionRig(session, server: "hostname: 127.0.0.1\npath: /")
        #expect(root.configuration.endpoint.path == "/")
        #expect(try SessionRig(session, server: "url: ws://127.0.0.1").configuration.endpoint.path == "/api/websocket")
    }

    @Test("socket.io: a namespace of its own, data only, and a refusal") func socketIONamespace() throws {
        let rig = try SessionRig("session: { preset: socket.io, namespace: /feed, unwrap: data, within: 45s }")
        _ = rig.establish()
        #expect(rig.receive(#"0{"sid":"e1"}"#) == ["send 40/feed,"])
        #expect(rig.receive(#"40/feed,{"sid":"s1"}"#) == ["ready"])
        #expect(rig.receive(#"42/feed,["trade",{"p":1}]"#) == [#"route {"p":1}"#])
        #expect(
            rig.advance(by: .seconds(45)) == ["reconnect 1001: server sent no heartbeat and nothing else for 45 s"]
        )
        _ = rig.establish()
        rig.receive(#"0{"sid":"e2"}"#)
        #expect(
            rig.receive(#"44/feed,{"message":"Invalid namespace"}"#)
                == [#"fault 1008: session step 2 of 2: server refused: 44/feed,{"message":"Invalid namespace"}"#]
        )
    }

    @Test("signalr") func signalR() throws {
        let rig = try SessionRig(
            "session: { preset: signalr, invoke: [ { target: Subscribe, arguments: [ trades, 5, { deep: null } ] } ] }"
        )
        #expect(rig.establish() == ["send {\"protocol\":\"json\",\"version\":1}\u{1e}"])
        let call = #"{"type":1,"invocationId":"1","target":"Subscribe","arguments":["trades",5,{"deep":null}]}"#
        #expect(rig.receive("{}\u{1e}{\"type\":6}\u{1e}") == ["send \(call)\u{1e}"])
        let trade = #"{"type":1,"target":"trade","arguments":[{"p":1}]}"#
        #expect(
            rig.receive("\(trade)\u{1e}{\"type\":3,\"invocationId\":\"1\",\"result\":null}\u{1e}\(trade)\u{1e}")
                == ["route \(trade)", "route \(trade)", "ready"]
        )
        #expect(rig.advance(by: .seconds(15)) == ["send {\"type\":6}\u{1e}"])
        #expect(rig.session.stats == SessionStats(ready: true, consumed: 2, heartbeats: 1, forwarded: 0, records: 5))
        #expect(
            rig.advance(by: .hours(1)) == Array(repeating: "send {\"type\":6}\u{1e}", count: 240),
            "a hub that is quiet isn't left"
        )
    }

    @Test("signalr: errors of the handshake and of a call are faults") func signalRErrors() throws {
        let rig = try SessionRig("session: { preset: signalr, invoke: [ { target: Nope } ] }")
        _ = rig.establish()
        #expect(
            rig.receive("{\"error\":\"Requested protocol 'json' is not available.\"}\u{1e}")[0]
                .hasPrefix("fault 1008: session step 1 of 2: server refused: ")
        )
        _ = rig.establish()
        rig.receive("{}\u{1e}")
        #expect(
            rig.receive("{\"type\":3,\"invocationId\":\"1\",\"error\":\"Method does not exist.\"}\u{1e}")[0]
                .hasPrefix("fault 1008: session step 2 of 2: server refused: ")
        )
    }

    @Test("okx") func okx() throws {
        let rig = try SessionRig(
            "session: { preset: okx, channels: [ { channel: tickers, instId: BTC-USDT }, { channel: status } ] }"
        )
        #expect(rig.configuration.endpoint.path == "/ws/v5/public")
        let first = #"{"channel":"tickers","instId":"BTC-USDT"}"#
        #expect(rig.establish() == [#"send {"op":"subscribe","args":[\#(first)]}"#])
        let data = #"{"arg":\#(first),"data":[{"last":"1"}]}"#
        #expect(
            rig.receive(#"{"event":"subscribe","arg":\#(first),"connId":"a4d3ae55"}"#, data)
                == ["route \(data)", #"send {"op":"subscribe","args":[{"channel":"status"}]}"#]
        )
        #expect(rig.receive(#"{"event":"subscribe","arg":{"channel":"status"}}"#) == ["ready"])
        #expect(rig.advance(by: .seconds(20)) == ["send ping"])
        #expect(rig.receive("pong", data) == ["route \(data)"])
        #expect(rig.advance(by: .seconds(20)) == ["send ping"])
        #expect(rig.advance(by: .seconds(10)) == ["reconnect 1001: server did not answer a heartbeat within 10 s"])
    }

    @Test("okx: an error is a fault in the exchange's words") func okxError() throws {
        let rig = try SessionRig("session: { preset: okx, channels: [ { channel: nope } ] }")
        _ = rig.establish()
        let error = #"{"event":"error","code":"60018","msg":"Invalid channel"}"#
        #expect(rig.receive(error) == ["fault 1008: session step 1 of 1: server refused: \(error)"])
    }
}
