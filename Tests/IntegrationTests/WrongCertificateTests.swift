import Foundation
import TestSupport
import Testing

/// Each wrong kind of certificate, as a WebSocket server and as a broker meets it: refused, in words for a person.
@Suite(.serialized)
struct WrongCertificateTests {
    private struct Kind {
        var name: String
        var broker: String { "\(name)-broker" }
        var server: [String]
        /// What the reason says.
        var reason: String
        /// Further keys of `tls`.
        var keys = ""
    }

    @Test("S5: a wrong certificate is refused over WebSocket and MQTT, with the same words")
    func wrongCertificatesAreRefused() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory, name: "Trusted")
            let kinds = try await kinds(authority, in: directory)
            try await withTLSServers(kinds.map(\.server)) { ports, servers in
                try await withGateway(yaml(kinds, ports, authority), in: directory) { gateway in
                    let status = try await gateway.status("every failure's reason") { status in
                        kinds.allSatisfy { kind in
                            status.connections[kind.name]?.reason != nil && status.brokers[kind.broker]?.reason != nil
                        }
                    }
                    for kind in kinds {
                        for (transport, reason) in [
                            ("WebSocket", status.connections[kind.name]?.reason),
                            ("MQTT", status.brokers[kind.broker]?.reason),
                        ] {
                            let says = reason?.contains(kind.reason) == true
                            #expect(says, "\(kind.name), \(transport): \(reason ?? "no reason")")
                        }
                        let state = status.connections[kind.name]?.state
                        #expect(state == "fault", "\(kind.name): \(state ?? "")")
                    }
                    #expect(servers.output.lines.filter { $0.hasPrefix("completed") } == [])
                    try await gateway.stop()
                }
            }
        }
    }

    private func kinds(_ authority: TestAuthority, in directory: URL) async throws -> [Kind] {
        func server(_ certificate: TestCertificate, _ further: String...) -> [String] {
            [certificate.certificateFile, certificate.keyFile] + further
        }
        let stranger = try await TestAuthority(in: directory, name: "Stranger")
        let good = try await authority.issueWrong("good")
        let otherPin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        return [
            Kind(
                name: "expired",
                server: server(try await authority.issueWrong("expired", to: "20200201000000Z")),
                reason: "expired on 2020-02-01"
            ),
            Kind(
                name: "not-yet-valid",
                server: server(try await authority.issueWrong("early", from: "20980101000000Z")),
                reason: "is this machine's clock right?"
            ),
            Kind(
                name: "other-host",
                server: server(try await authority.issueWrong("other", names: "DNS:other.example")),
                reason: "is for [DNS:other.example], not for 127.0.0.1"
            ),
            Kind(
                name: "all-of-com",
                server: server(try await authority.issueWrong("com", names: "DNS:*.com")),
                reason: "is for [DNS:*.com], not for example.com",
                keys: ", server_name: example.com"
            ),
            Kind(name: "self-signed", server: server(stranger.certificate), reason: "self-signed and not trusted"),
            Kind(
                name: "unknown-authority",
                server: server(try await stranger.issueWrong("stranger")),
                reason: "signed by an unknown authority"
            ),
            Kind(
                name: "weak-key",
                server: server(try await authority.issueWrong("weak", key: ["-newkey", "rsa:1024"])),
                reason: "is too weak"
            ),
            Kind(
                name: "weak-digest",
                server: server(try await authority.issueWrong("sha1", digest: "sha1")),
                reason: "is too weak"
            ),
            Kind(
                name: "other-pin",
                server: server(good),
                reason: "matches none of tls.pin_sha256",
                keys: ", pin_sha256: [\"\(otherPin)\"]"
            ),
            Kind(name: "old-tls", server: server(good, "old"), reason: "TLS 1.2"),
            Kind(
                name: "client-certificate-missing",
                server: server(good, authority.certificate.certificateFile),
                reason: "certificate"
            ),
        ]
    }

    private func yaml(_ kinds: [Kind], _ ports: [Int], _ authority: TestAuthority) -> String {
        var connections = ""
        var brokers = ""
        for (kind, port) in zip(kinds, ports) {
            let tls = "tls: { ca_file: \"\(authority.certificate.certificateFile)\"\(kind.keys) }"
            connections += "  \(kind.name): { url: \"wss://127.0.0.1:\(port)\", \(tls) }\n"
            brokers += "  \(kind.broker): { url: \"mqtts://127.0.0.1:\(port)\", \(tls) }\n"
        }
        return "instance: test\nstatus: { mqtt: none }\nconnections:\n\(connections)mqtt:\n\(brokers)"
    }
}
