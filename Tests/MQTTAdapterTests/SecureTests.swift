import BridgeCore
import Foundation
import MQTTAdapter
import NIOCore
import TLS
import TestSupport
import Testing

@Suite struct SecureTests {
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func messagesPassOverTLSBothWays(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            try await withMosquittoBroker { broker in
                try await withTLSRelay(to: broker.port, certificate: certificate) { relay in
                    try await withRig(
                        port: relay.port,
                        version: version,
                        {
                            $0.isSecure = true
                            $0.tls.caFile = authority.certificate.certificateFile
                        }
                    ) { rig in
                        let source = try await rig.source("in/#", qos: 1)
                        let sink = try await rig.sink("out", qos: 1)
                        try await rig.connect()
                        try await withMQTTRecorder(of: broker, "out") { recorder in
                            try await rig.feed(sink.index, (0..<2_000).map { "\($0)" })
                            try await eventually("all out") { recorder.count == 2_000 && sink.log.settled == 2_000 }
                            #expect(recorder.messages.map(\.text) == (0..<2_000).map { "\($0)" })
                            try await recorder.publish((0..<200).map { ("in/a", Array("\($0)".utf8)) })
                            try await eventually("all in") { source.log.count == 200 }
                            #expect(source.log.texts == (0..<200).map { "\($0)" })
                        }
                    }
                }
            }
        }
    }

    @Test func manyPacketsInOneTLSRecordAreAllRead() async throws {
        // The library leaves decrypted packets in OpenSSL's buffer, and poll says nothing of them.
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            try await withFakeBroker { broker in
                try await withTLSRelay(to: broker.port, certificate: certificate) { relay in
                    try await withRig(
                        port: relay.port,
                        {
                            $0.isSecure = true
                            $0.tls.caFile = authority.certificate.certificateFile
                        }
                    ) { rig in
                        let source = try await rig.source("a", qos: 1)
                        try await rig.connect()
                        let payload = [UInt8](repeating: 97, count: 100)
                        let packets = (1...2_000).flatMap {
                            FakeBroker.publish("a", payload, qos: 1, identifier: UInt16($0))
                        }
                        try await broker.send(packets)
                        try await eventually("all 2,000") { source.log.count == 2_000 }
                        try await eventually("all acknowledged") { broker.count(.puback) == 2_000 }
                    }
                }
            }
        }
    }

    @Test("S5: a certificate that does not verify is refused, by name and reason")
    func certificatesThatDoNotVerifyAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let stranger = try await TestAuthority(in: directory, name: "Stranger")
            let cases: [(TestCertificate, String)] = [
                (try await authority.issue("expired", expired: true), "expired"),
                (try await authority.issue("other", names: ["DNS:other.example"]), "127.0.0.1"),
                (try await stranger.issue("server"), ""),
            ]
            for (certificate, text) in cases {
                try await withFakeBroker { broker in
                    try await withTLSRelay(to: broker.port, certificate: certificate) { relay in
                        try await withRig(
                            port: relay.port,
                            {
                                $0.isSecure = true
                                $0.tls.caFile = authority.certificate.certificateFile
                            }
                        ) { rig in
                            try await rig.start()
                            let reason = try await rig.failure(containing: text)
                            #expect(reason.contains("certificate"), "\(reason)")
                            guard case .backoff(_, let next)? = rig.log.states.last else { return }
                            #expect(next - .now() > .seconds(20))
                            #expect(broker.count(.connect) == 0)
                        }
                    }
                }
            }
        }
    }

    @Test func aPlainPortIsSuspectedOverTLS() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(
                port: broker.port,
                {
                    $0.isSecure = true
                    $0.connectTimeout = .seconds(3)
                }
            ) { rig in
                try await rig.start()
                try await eventually("the failure") { !rig.log.reasons.isEmpty }
                #expect(rig.log.reasons[0].contains("TLS"), "\(rig.log.reasons[0])")
            }
        }
    }

    @Test func aServerSilentInTheHandshakeIsGivenUp() async throws {
        try await withFakeBroker(answer: { _ in [] }) { broker in
            try await withRig(
                port: broker.port,
                {
                    $0.isSecure = true
                    $0.connectTimeout = .milliseconds(300)
                }
            ) { rig in
                try await rig.start()
                _ = try await rig.failure(containing: "in time")
            }
        }
    }

    @Test func aCAFileThatIsMissingIsNamed() async throws {
        try await withRig(
            port: 1,
            {
                $0.isSecure = true
                $0.tls.caFile = "/no/such/ca.pem"
            }
        ) { rig in
            try await rig.start()
            _ = try await rig.failure(containing: "/no/such/ca.pem")
        }
    }
}
