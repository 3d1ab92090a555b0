import BridgeCore
import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

@Suite struct ReconnectTests {
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311], [1, 2])
    func aBrokerThatStopsMidStreamCostsNothingAndKeepsTheOrder(
        version: BrokerConfiguration.ProtocolVersion,
        qos: Int
    ) async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            // The recorder's session outlives the broker, so that it misses nothing.
            let (received, total) = try await withRig(port: broker.port, version: version) { rig in
                let sink = try await rig.sink("feed/a", qos: qos)
                let early = try await withMQTTClient(of: broker, clientID: "recorder", sessionExpiry: 3600) {
                    recorder in
                    try await recorder.subscribe("feed/#")
                    try await rig.connect()
                    try await rig.feed(sink.index, (0..<1_000).map { "\($0)" })
                    try await eventually("the stream to flow") { sink.log.settled > 500 && recorder.count > 0 }
                    return recorder
                }
                // The stream goes on until the broker is gone, and a little longer.
                async let stopped: Void = broker.stop()
                var fed = 1_000
                while sink.log.losses == 0 {
                    try await rig.feed(sink.index, (fed..<fed + 500).map { "\($0)" })
                    fed += 500
                }
                await stopped
                try await rig.feed(sink.index, (fed..<fed + 500).map { "\($0)" })
                let total = fed + 500
                #expect(sink.log.settled < total)
                try await broker.start()
                return try await withMQTTClient(of: broker, clientID: "recorder", sessionExpiry: 3600) { recorder in
                    try await recorder.subscribe("feed/#")
                    try await eventually("all to be settled") { sink.log.settled == total }
                    #expect(sink.log.outcomes.allSatisfy { $0 == .delivered })
                    try await eventually("the last") { recorder.messages.last?.text == "\(total - 1)" }
                    return ((early.messages + recorder.messages).compactMap { Int($0.text) }, total)
                }
            }
            // Some came twice, over the break; none is missing, and none came before its time.
            var highest = -1
            for number in received {
                #expect(number <= highest + 1, "a gap before \(number)")
                highest = max(highest, number)
            }
            #expect(highest == total - 1)
        }
    }

    @Test func aBrokerThatIsAwayIsTriedAgainUntilItComes() async throws {
        try await withMosquittoBroker { broker in
            await broker.stop()
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.start()
                let reason = try await rig.failure(containing: "connection refused")
                #expect(reason == "mqtt://127.0.0.1:\(broker.port): connection refused")
                try await rig.feed(sink.index, ["early"])
                try await broker.start()
                try await rig.connected()
                try await eventually("the early one") { sink.log.outcomes == [.delivered] }
                #expect(rig.log.words.first == "connecting")
            }
        }
    }

    @Test func anUnknownHostIsNamed() async throws {
        try await withRig(port: 1883, { $0.host = "no-such-host.invalid" }) { rig in
            try await rig.start()
            let reason = try await rig.failure(containing: "unknown host no-such-host.invalid", within: .seconds(40))
            #expect(!reason.isEmpty)
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aWrongPasswordIsSaidAndNotHammered(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker(users: ["u": "right"]) { broker in
            try await withRig(
                port: broker.port,
                version: version,
                secrets: ["/p": "wr0ng-canary"],
                {
                    $0.username = "u"
                    $0.password = .file("/p")
                }
            ) { rig in
                try await rig.start()
                let reason = try await rig.failure(containing: "check")
                #expect(reason.hasPrefix("the server refused the connection: "))
                guard case .backoff(_, let next)? = rig.log.states.last else {
                    Issue.record("not in backoff: \(rig.log.states)")
                    return
                }
                #expect(next - .now() > .seconds(20))
                // S7: it appears nowhere.
                #expect(!rig.lines.contains("wr0ng-canary"))
                #expect(!reason.contains("wr0ng-canary"))
            }
            try await withRig(
                port: broker.port,
                version: version,
                secrets: ["/p": "right"],
                {
                    $0.username = "u"
                    $0.password = .file("/p")
                }
            ) { rig in try await rig.connect() }
        }
    }

    @Test("S5: a password in the clear to another host is warned of")
    func aPasswordInTheClearIsWarnedOf() async throws {
        try await withRig(
            port: 1,
            {
                $0.host = "no-such-host.invalid"
                $0.username = "u"
                $0.password = .literal("canary")
            }
        ) { rig in
            try await rig.start()
            try await eventually("the warning") { rig.lines.contains("goes over the network in the clear") }
            #expect(!rig.lines.contains("canary"))
        }
        try await withRig(port: 1, { $0.password = .literal("canary") }) { rig in
            try await rig.start()
            _ = try await rig.failure(containing: "connection refused")
            #expect(!rig.lines.contains("in the clear"))
        }
    }

    @Test func eachConnectReadsThePasswordAgain() async throws {
        try await withFakeBroker(
            answer: { packet in packet.kind == .connect ? FakeBroker.connack(5, code: 0x89) : [] }
        ) { broker in
            try await withRig(
                port: broker.port,
                secrets: ["/p": "s3cret"],
                {
                    $0.username = "u"
                    $0.password = .file("/p")
                }
            ) { rig in
                try await rig.start()
                try await eventually("two attempts") { broker.count(.connect) >= 2 }
                #expect(broker.packets.allSatisfy { String(decoding: $0.body, as: UTF8.self).contains("s3cret") })
                #expect(rig.log.reasons.first == "the server refused the connection: server busy")
            }
        }
    }

    @Test func stoppingDoesNotWaitForAConnectThatHangs() async throws {
        // A listener whose backlog is full answers no SYN.
        try await withFullBacklog { port in
            try await withRig(port: port, { $0.connectTimeout = .seconds(60) }) { rig in
                try await rig.start()
                try await eventually("the attempt") { rig.log.words == ["connecting"] }
                let begin = ContinuousClock.now
                // The connect alone would take a minute.
                try await rig.stop(within: .seconds(300))
                #expect(ContinuousClock.now - begin < .seconds(45))
                #expect(rig.log.states.last == .stopped)
            }
        }
    }

    @Test func aConnectThatHangsEndsAfterItsTime() async throws {
        try await withFullBacklog { port in
            try await withRig(port: port, { $0.connectTimeout = .milliseconds(200) }) { rig in
                try await rig.start()
                let reason = try await rig.failure(containing: "did not answer within 200 ms")
                #expect(reason == "mqtt://127.0.0.1:\(port) did not answer within 200 ms")
            }
        }
    }

    @Test func theAddressThatWorkedIsTriedFirst() async throws {
        // Of the name's two addresses the first is dead: a connect to it hangs.
        try await withFullBacklog { port in
            try await withFakeBroker(host: "127.0.0.2", port: port) { broker in
                try await withRig(
                    port: port,
                    {
                        $0.host = "broker.example"
                        $0.connectTimeout = .seconds(4)
                    }
                ) { rig in
                    try await rig.onLoop { core in
                        core.broker.lookup = { host in
                            .success(host == "broker.example" ? ["127.0.0.1", "127.0.0.2"] : [])
                        }
                    }
                    try await rig.connect()
                    let begin = ContinuousClock.now
                    try await broker.closeConnection()
                    // The wait before it is at most 1 s.
                    try await rig.connected(times: 2)
                    #expect(ContinuousClock.now - begin < .seconds(4))
                }
            }
        }
    }

    @Test func aServerThatNeverAnswersCONNECTIsGivenUp() async throws {
        try await withFakeBroker(answer: { _ in [] }) { broker in
            try await withRig(port: broker.port, { $0.connectTimeout = .milliseconds(200) }) { rig in
                try await rig.start()
                _ = try await rig.failure(containing: "did not answer CONNECT in time")
            }
        }
    }

    @Test func aServerThatNeverAnswersSUBSCRIBEIsGivenUp() async throws {
        try await withFakeBroker(
            answer: { packet in packet.kind == .subscribe ? [] : FakeBroker.friendly(packet) }
        ) { broker in
            try await withRig(port: broker.port, { $0.connectTimeout = .milliseconds(200) }) { rig in
                _ = try await rig.source("a", qos: 1)
                try await rig.start()
                _ = try await rig.failure(containing: "did not answer SUBSCRIBE in time")
                #expect(!rig.log.states.contains(.connected))
            }
        }
    }

    @Test func aPortThatIsNotMQTTIsSuspected() async throws {
        try await withFakeBroker(answer: { _ in Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) }) { broker in
            try await withRig(port: broker.port, { $0.connectTimeout = .milliseconds(300) }) { rig in
                try await rig.start()
                _ = try await rig.failure(containing: "did not answer CONNECT in time")
                #expect(!rig.log.states.contains(.connected))
            }
        }
    }

    @Test func aServerThatHangsUpBeforeCONNACKIsSaid() async throws {
        try await withFakeBroker(answer: { _ in [] }) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.start()
                try await eventually("CONNECT") { broker.count(.connect) == 1 }
                try await broker.closeConnection()
                _ = try await rig.failure(containing: "closed the connection before CONNACK: is this an MQTT port?")
            }
        }
    }

    @Test func theServersGoodbyeIsPutIntoWords() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                try await broker.send(FakeBroker.packet(0xE0, [0x8E, 0]))
                let reason = try await rig.failure(containing: "session taken over")
                #expect(
                    reason
                        == "the server closed the connection: session taken over; another client uses the same client_id"
                )
            }
        }
    }
}
