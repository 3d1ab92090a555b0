import Foundation
import TestSupport
import Testing

/// IPv6 zones (RFC 4007, RFC 6874), with the real gateway.
struct ZoneTests {
    @Test("A zone works in every address: a server's, a broker's, a datagram source's and sink's")
    func everyAddressTakesAZone() async throws {
        let here = try #require(ZonedAddress.ofThisMachine, "needs an interface with a link-local IPv6 address")
        let (inURL, plain) = ("[\(here.address)%25\(here.zone)]", "[\(here.address)%\(here.zone)]")
        let (brokerPort, datagramPort) = (freePort(), freePort())
        try await withMosquittoBroker("listener \(brokerPort) ::") { broker in
            try await withMQTTRecorder(of: broker) { mqtt in
                try await withWebSocketServer(host: "::") { server in
                    try await withTemporaryDirectory { directory in
                        let yaml = """
                            connections: { cloud: { url: "ws://\(inURL):\(server.port)/feed" } }
                            mqtt: { local: { url: "mqtt://\(inURL):\(brokerPort)" } }
                            routes:
                              out: { from: cloud, to: { udp: "\(plain):\(datagramPort)" } }
                              in: { from: { udp: "\(inURL):\(datagramPort)" }, to: { mqtt: local, topic: in, qos: 1 } }
                            """
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            #expect(server.clients[0].header("Host") == "[\(here.address)]:\(server.port)")
                            try await server.send("all the way")
                            #expect(try await mqtt.message(on: "in").text == "all the way")
                            try await gateway.status("both delivered") { status in
                                ["in", "out"].allSatisfy { status.routes[$0]?.sinks[0].delivered == 1 }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("An interface that this machine doesn't have is named")
    func anUnknownInterfaceIsNamed() async throws {
        try await withTemporaryDirectory { directory in
            let yaml = """
                connections: { cloud: { url: "ws://[fe80::1%25nosuch0]:1/feed" } }
                mqtt: { local: { url: "mqtt://[fe80::1%25nosuch0]:1883" } }
                routes:
                  out: { from: cloud, to: [ { udp: "[fe80::1%nosuch0]:5005" }, { mqtt: local, topic: out } ] }
                """
            try await withGateway(yaml, in: directory) { gateway in
                let words = "this machine has no network interface nosuch0, which the address fe80::1%nosuch0 names"
                try await gateway.status("the reasons") { status in
                    status.connections["cloud"]?.reason?.contains(words) == true
                        && status.brokers["local"]?.reason?.contains(words) == true
                }
                _ = try await gateway.log.line("the sink's error") {
                    $0.contains("out") && $0.contains("no network interface is named, or has the address, nosuch0")
                }
            }
        }
    }

    @Test("A link-local address without its zone is an error of the configuration, but for a certificate's name")
    func aMissingZoneIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let yaml = """
                connections:
                  a: { url: "ws://[fe80::1]/" }
                  b: { hostname: "fe80::1" }
                  c: { url: "ws://127.0.0.1", proxy: "http://[fe80::1]:3128" }
                  d:
                    url: wss://127.0.0.1
                    tls: { server_name: "fe80::1" }
                    oauth2: { token_url: "https://[fe80::1]/token", client_id: a, client_secret: b }
                mqtt: { local: { url: "mqtt://[fe80::1]" } }
                routes:
                  out: { from: { udp: "[fe80::1]:5005" }, to: { udp: "[fe80::1]:5006" } }
                """
            let file = directory.appendingPathComponent("bad.yaml")
            try yaml.write(to: file, atomically: true, encoding: .utf8)
            let finished = try await run(Executables.wsbridge, ["check", "-c", file.path])
            #expect(finished.status == .exited(78))
            let words =
                "a link-local address needs its interface: [fe80::1%25eth0] in a URL, fe80::1%eth0 elsewhere"
            let lines = finished.errors.split(separator: "\n").filter { $0.contains(words) }
            #expect(lines.count == 7 && !finished.errors.contains("server_name"), "\(finished.errors)")
        }
    }

    @Test("A zone that can be no interface is an error of the configuration, wherever the address stands")
    func anUnusableZoneIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let yaml = """
                connections:
                  a: { url: "ws://[fe80::1%25a+b]/" }
                  b: { hostname: "fe80::1%" }
                  e: { hostname: "fe80::1%25eth0" }
                  c: { url: "ws://127.0.0.1", proxy: "http://[fe80::1%25a+b]:3128" }
                  d:
                    url: wss://127.0.0.1
                    oauth2: { token_url: "https://[fe80::1%25a+b]/token", client_id: a, client_secret: b }
                mqtt: { local: { url: "mqtt://[fe80::1%25a+b]" } }
                routes:
                  out: { from: { udp: "[fe80::1%a+b]:5005" }, to: { udp: "[fe80::1%a+b]:5006" } }
                """
            let file = directory.appendingPathComponent("bad.yaml")
            try yaml.write(to: file, atomically: true, encoding: .utf8)
            let finished = try await run(Executables.wsbridge, ["check", "-c", file.path])
            #expect(finished.status == .exited(78))
            let lines = finished.errors.split(separator: "\n").filter {
                $0.contains("behind the % of an IPv6 address stands an interface of this machine")
            }
            #expect(lines.count == 7, "\(finished.errors)")
            #expect(finished.errors.contains("%25 is for URLs: write hostname: \"fe80::1%eth0\""))
        }
    }
}
