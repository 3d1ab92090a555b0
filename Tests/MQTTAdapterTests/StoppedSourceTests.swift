import BridgeCore
import NIOCore
import TLS
import TestSupport
import Testing

/// After its sources stopped a connection serves sinks and status; what the server still sends stays with it.
@Suite struct StoppedSourceTests {
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func whatComesAfterTheStopIsNotAcknowledgedAndAllElseGoesOn(
        version: BrokerConfiguration.ProtocolVersion
    ) async throws {
        let byte: UInt8 = version == .v5 ? 5 : 4
        // Each of our messages is answered by one of the server's in front of the PUBACK.
        try await withFakeBroker(
            answer: { packet in
                guard packet.kind == .publish else { return FakeBroker.friendly(packet) }
                return FakeBroker.publish("in", [9], qos: 1, identifier: 99, version: byte)
                    + FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port, version: version, { $0.maxInflight = 2 }) { rig in
                let source = try await rig.source("in", qos: 1)
                let once = try await rig.sink("once", qos: 1)
                let never = try await rig.sink("never", qos: 0)
                try await rig.connect()
                try await rig.stopSource(source.index)
                try await rig.feed(once.index, (0..<100).map { "\($0)" })
                try await rig.feed(never.index, (0..<100).map { "\($0)" })
                try await eventually("both sinks to drain") { once.log.settled == 100 && never.log.settled == 100 }
                #expect(once.log.outcomes.allSatisfy { $0 == .delivered })
                #expect(broker.payloads(of: "once") == (0..<100).map { "\($0)" })
                // At QoS 0 written is not arrived.
                try await eventually("all of them") { broker.payloads(of: "never") == (0..<100).map { "\($0)" } }
                try await rig.stop(farewell: [
                    StatusMessage(topic: "status", payload: ByteBuffer(string: "offline"), qos: 1, retain: true)
                ])
                try await eventually("a proper goodbye") { broker.count(.disconnect) == 1 }
                #expect(broker.payloads(of: "status") == ["offline"])
                #expect(broker.count(.puback) == 0, "nobody has what came after the stop")
                #expect(source.log.count == 0 && broker.connections == 1)
            }
        }
    }

    @Test(arguments: [0, 1])
    func aLargeQueueDrainsPastWhatIsWithheldOverTLS(qos: Int) async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            try await withFakeBroker(
                answer: { packet in
                    guard packet.kind == .publish else { return FakeBroker.friendly(packet) }
                    return FakeBroker.publish("in", [9], qos: 1, identifier: 99) + FakeBroker.friendly(packet)
                }
            ) { broker in
                try await withTLSRelay(to: broker.port, certificate: certificate) { relay in
                    try await withRig(
                        port: relay.port,
                        {
                            $0.isSecure = true
                            $0.tls.caFile = authority.certificate.certificateFile
                        }
                    ) { rig in
                        let source = try await rig.source("in", qos: 1)
                        let first = try await rig.sink("first", qos: 1)
                        let sink = try await rig.sink("out", qos: qos)
                        try await rig.connect()
                        try await rig.stopSource(source.index)
                        // Its PUBACK comes behind a message that is not taken.
                        try await rig.feed(first.index, ["x"])
                        try await eventually("the first") { first.log.settled == 1 }
                        // More than the socket takes at once.
                        let texts = (0..<2_000).map { "\($0) " + String(repeating: "x", count: 2_048) }
                        try await rig.feed(sink.index, texts)
                        try await eventually("the queue to drain", within: .seconds(60)) {
                            sink.log.settled == 2_000 && broker.count(.publish) == 2_001
                        }
                        try await rig.stop()
                        try await eventually("the goodbye") { broker.count(.disconnect) == 1 }
                        #expect(broker.payloads(of: "out") == texts)
                        #expect(broker.count(.puback) == 0 && source.log.count == 0)
                    }
                }
            }
        }
    }

    @Test func whatWasOnItsWayIsTakenAndAcknowledgedBeforeTheStopEnds() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("in", qos: 1)
                try await rig.connect()
                let stream = (1...200).flatMap { FakeBroker.publish("in", [UInt8($0)], qos: 1, identifier: $0) }
                try await broker.send(stream)
                try await eventually("the first of them") { source.log.count > 0 }
                try await rig.stopSource(source.index)
                let taken = source.log.count
                try await rig.stop()
                try await eventually("the goodbye") { broker.count(.disconnect) == 1 }
                #expect(source.log.count == taken && broker.count(.puback) == taken)
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aConnectionMadeAfterTheStopSubscribesToNothing(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let source = try await rig.source("in", qos: 1)
                let sink = try await rig.sink("out", qos: 1)
                try await rig.connect()
                try await rig.stopSource(source.index)
                try await broker.closeConnection()
                // Nothing is read without need: the loss shows when something is to be sent.
                try await rig.feed(sink.index, ["late"])
                try await rig.connected(times: 2)
                #expect(sink.log.losses == 1)
                try await eventually("it to be out") { sink.log.settled == 1 }
                #expect(broker.count(.subscribe) == 1 && broker.payloads(of: "out") == ["late"])
            }
        }
    }

    /// The library encodes these packets until the acknowledgements are withheld, and the gateway itself from then on.
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aMessageLooksTheSameWhoeverEncodesIt(version: BrokerConfiguration.ProtocolVersion) async throws {
        let byte: UInt8 = version == .v5 ? 5 : 4
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let source = try await rig.source("in", qos: 1)
                let sinks = [
                    try await rig.sink("plain", qos: 0),
                    try await rig.sink("kept/{$.a}", qos: 1, retain: true, expiry: .seconds(300)) {
                        $0.contentType = "application/json"
                    },
                ]
                let messages: [Feeder.Message] = [
                    .init(payload: Array(#"{"a":"x"}"#.utf8), kind: .text, topic: "t", hops: 2, gateways: ["a", "b"]),
                    .init(payload: Array(#"{"a":"\#(String(repeating: "y", count: 200))"}"#.utf8)),
                    .init(payload: Array(#"{"a":"z"\#(String(repeating: " ", count: 20_000))}"#.utf8)),
                ]
                try await rig.connect()
                func publish() async throws -> [[UInt8]] {
                    let before = broker.count(.publish)
                    for (index, sink) in sinks.enumerated() {
                        try await rig.feed(sink.index, messages)
                        try await eventually("all of them") { broker.count(.publish) == before + 3 * (index + 1) }
                    }
                    return broker.packets.filter { $0.kind == .publish }.dropFirst(before).map(\.withoutIdentifier)
                }
                let byTheLibrary = try await publish()
                try await rig.stopSource(source.index)
                // Read for the sake of a PUBACK that is waited for.
                let before = broker.count(.publish)
                try await broker.send(FakeBroker.publish("in", [1], qos: 1, identifier: 7, version: byte))
                try await rig.feed(sinks[1].index, [.init(payload: Array(#"{"a":"w"}"#.utf8))])
                try await eventually("it") { broker.count(.publish) == before + 1 }
                try await eventually("its PUBACK") { sinks[1].log.settled == 4 }
                let byTheGateway = try await publish()
                #expect(byTheGateway == byTheLibrary)
                #expect(broker.count(.puback) == 0)
            }
        }
    }
}

extension FakeBroker {
    /// The payloads that were published on a topic, as text.
    func payloads(of topic: String) -> [String] {
        packets.compactMap { packet in
            guard packet.kind == .publish else { return nil }
            let length = Int(packet.body[0]) << 8 | Int(packet.body[1])
            guard String(decoding: packet.body[2..<2 + length], as: UTF8.self) == topic else { return nil }
            var start = 2 + length + (packet.qos > 0 ? 2 : 0)
            if packet.version == 5 { start += 1 + Int(packet.body[start]) }
            return String(decoding: packet.body[start...], as: UTF8.self)
        }
    }
}

extension FakeBroker.Packet {
    /// Flags and body of a PUBLISH without its packet identifier.
    fileprivate var withoutIdentifier: [UInt8] {
        guard qos > 0 else { return [flags] + body }
        let length = Int(body[0]) << 8 | Int(body[1])
        return [flags] + body[..<(2 + length)] + body[(4 + length)...]
    }
}

extension Rig {
    /// Stops a source, and waits until that is done.
    func stopSource(_ index: Int) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        try await onLoop { $0.receivers[index].source.stop { promise.succeed() } }
        try await promise.futureResult.get()
    }
}
