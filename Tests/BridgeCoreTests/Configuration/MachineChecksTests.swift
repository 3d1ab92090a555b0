import BridgeCore
import Foundation
import Testing

/// What a configuration names, compared with what is on the machine.
struct MachineChecksTests {
    private func findings(
        _ yaml: String,
        before occasion: MachineChecks.Occasion = .check,
        probes: MachineProbes = MachineProbes()
    ) -> [String] {
        MachineChecks.diagnostics(for: Transcript().load(yaml), before: occasion, probes: probes).map(\.description)
    }

    @Test("what may be otherwise in a moment is said by check at its place, and left to its part by run")
    func checkAsksTheAdapters() {
        let text = """
            connections: { c: { url: wss://a.b } }
            routes:
              a: { from: { fifo: /run/a.fifo }, to: { udp: "192.0.2.1:5" } }
              b: { from: { udp: "192.0.2.2:5006", multicast_interface: eth9 }, to: c }

            """
        let probes = MachineProbes(
            fifo: { "fifo \($0): no" },
            udpSource: { "udp \($0.address): not here" },
            udpSink: { "udp \($0.address): no way" }
        )
        let good = text.replacingOccurrences(of: ", multicast_interface: eth9", with: "")
        #expect(
            findings(good, probes: probes) == [
                "site.yaml:3:22: fifo /run/a.fifo: no", "site.yaml:3:48: udp 192.0.2.1:5: no way",
                "site.yaml:4:21: udp 192.0.2.2:5006: not here",
            ]
        )
        #expect(findings(good, before: .run, probes: probes) == [])
        #expect(findings(good) == [])
    }

    @Test(arguments: [MachineChecks.Occasion.check, .run])
    func aSecretFileMustBeThere(occasion: MachineChecks.Occasion) throws {
        try withTemporaryFolder { folder in
            let absent = folder.path + "/token"
            let text = "connections: { c: { url: wss://a.b, bearer_token: { file: \"\(absent)\" } } }\nroutes: {}\n"
            #expect(
                findings(text, before: occasion) == [
                    "site.yaml:1:59: bearer_token: the secret file '\(absent)': there is no such file"
                ]
            )
            try folder.write("canary\n", to: "token")
            #expect(findings(text, before: occasion) == [])
            try folder.write("canary\n", to: "token", mode: 0o644)
            #expect(
                findings(text, before: occasion) == [
                    "site.yaml:1:59: warning: bearer_token: '\(absent)' can be read by everyone on this machine: chmod 640 "
                        + "the file"
                ]
            )
            try folder.write("canary\nmore\n", to: "token")
            #expect(
                findings(text, before: occasion) == [
                    "site.yaml:1:59: bearer_token: the secret file '\(absent)' must hold one line, without control characters"
                ]
            )
        }
    }

    @Test func tlsFilesMustBeThere() throws {
        try withTemporaryFolder { folder in
            let path = folder.path
            let text = """
                connections:
                  c:
                    url: wss://a.b
                    tls: { ca_file: "\(path)/ca", cert_file: "\(path)/c", key_file: "\(path)/k" }
                routes: {}

                """
            let messages = findings(text).map { $0.split(separator: ": ", maxSplits: 1)[1] }
            #expect(
                messages == [
                    "ca_file: '\(path)/ca': there is no such file", "cert_file: '\(path)/c': there is no such file",
                    "key_file: '\(path)/k': there is no such file",
                ]
            )
            try folder.write("x", to: "ca", mode: 0o644)
            try folder.write("", to: "c", mode: 0o644)
            try folder.write("several\nlines\n", to: "k", mode: 0o644)
            let others = findings(text).map { $0.split(separator: ": ", maxSplits: 1)[1] }
            #expect(
                others == [
                    "tls.ca_file \(path)/ca: holds no certificate in PEM form (no '-----BEGIN ...CERTIFICATE-----')",
                    "cert_file: '\(path)/c' is empty",
                    "warning: key_file: '\(path)/k' can be read by everyone on this machine: chmod 640 the file",
                ]
            )
        }
    }

    @Test func tlsFilesMustHoldWhatTLSNeeds() throws {
        try withTemporaryFolder { folder in
            let path = folder.path
            try folder.write("no certificate\n", to: "ca", mode: 0o644)
            let text = """
                connections:
                  c: { url: wss://a.b, tls: { ca_file: "\(path)/ca" } }
                  d: { url: wss://a.b, tls: { ca_file: "\(path)/ca" } }
                routes: {}

                """
            let message =
                "tls.ca_file \(path)/ca: holds no certificate in PEM form (no '-----BEGIN ...CERTIFICATE-----')"
            #expect(findings(text) == ["site.yaml:2:40: \(message)", "site.yaml:3:40: \(message)"])
            #expect(findings(text, before: .run) == findings(text))
        }
    }

    @Test func aTokensProgramMustBeThere() throws {
        try withTemporaryFolder { folder in
            let program = folder.path + "/token"
            let text = { (program: String) in
                "connections: { c: { url: wss://a.b, bearer_token: { command: [ \(program) ] } } }\nroutes: {}\n"
            }
            let place = "site.yaml:1:62: bearer_token.command: "
            #expect(findings(text(program)) == [place + "'\(program)': there is no such file"])
            try folder.write("#!/bin/sh\n", to: "token", mode: 0o644)
            #expect(findings(text(program)) == [place + "'\(program)' may not be executed: chmod +x the file"])
            #expect(chmod(program, 0o755) == 0)
            #expect(findings(text(program)) == [])
            #expect(findings(text(folder.path)) == [place + "'\(folder.path)' is a folder: name a program in it"])
            #expect(findings(text("sh")) == [])
            let absent = "there is no program 'no-such-program' in PATH: install it, or write its whole path"
            #expect(findings(text("no-such-program")) == [place + absent])
            #expect(findings(text("no-such-program"), before: .run) == [], "said by the connection, and tried again")
        }
    }
}
