import BridgeCore
import Foundation
import Testing

/// What a configuration names, compared with what is on the machine.
struct MachineChecksTests {
    private func findings(_ yaml: String, before occasion: MachineChecks.Occasion = .check) -> [String] {
        MachineChecks.diagnostics(for: Transcript().load(yaml), before: occasion).map(\.description)
    }

    private func route(from path: String) -> String {
        "connections: { c: { url: wss://a.b } }\nroutes:\n  r:\n    from: { fifo: \"\(path)\" }\n    to: c\n"
    }

    @Test func aFIFOThatIsThereOrCanBeMadeIsFine() throws {
        try withTemporaryFolder { folder in
            #expect(findings(route(from: folder.path + "/new.fifo")) == [])
            #expect(mkfifo(folder.path + "/old.fifo", 0o660) == 0)
            #expect(findings(route(from: folder.path + "/old.fifo")) == [])
            #expect(access(folder.path + "/new.fifo", F_OK) != 0, "a check makes nothing")
        }
    }

    @Test("S11: a path that is no FIFO is an error at its place, and stays untouched")
    func s11NoFIFO() throws {
        try withTemporaryFolder { folder in
            let file = try folder.write("keep me", to: "important.txt")
            #expect(
                findings(route(from: file)) == [
                    "site.yaml:4:19: fifo: '\(file)' exists and is no FIFO; it is left untouched: choose another path"
                ]
            )
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "keep me")
            let inner = try folder.makeFolder("inner")
            #expect(findings(route(from: inner)) == ["site.yaml:4:19: fifo: '\(inner)' is a folder: name a FIFO in it"])
        }
    }

    @Test("S11: a symbolic link isn't followed")
    func s11SymbolicLink() throws {
        try withTemporaryFolder { folder in
            #expect(mkfifo(folder.path + "/real.fifo", 0o660) == 0)
            let link = folder.path + "/link.fifo"
            #expect(symlink(folder.path + "/real.fifo", link) == 0)
            #expect(
                findings(route(from: link)) == [
                    "site.yaml:4:19: fifo: '\(link)' is a symbolic link, which isn't followed: name the FIFO itself"
                ]
            )
        }
    }

    @Test("S11: the folder must be there, and not be everyone's")
    func s11Folder() throws {
        try withTemporaryFolder { folder in
            #expect(
                findings(route(from: folder.path + "/absent/a.fifo")) == [
                    "site.yaml:4:19: fifo: the folder '\(folder.path)/absent' doesn't exist: make it"
                ]
            )
            let open = try folder.makeFolder("open", mode: 0o777)
            #expect(
                findings(route(from: open + "/a.fifo")) == [
                    "site.yaml:4:19: fifo: everyone may change the folder '\(open)': chmod o-w it"
                ]
            )
            let sticky = try folder.makeFolder("sticky", mode: 0o1777)
            #expect(findings(route(from: sticky + "/a.fifo")) == [])
        }
    }

    @Test func runLeavesFIFOsToTheirRoutes() {
        #expect(findings(route(from: "/nowhere/a.fifo"), before: .run) == [])
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
            #expect(findings(text, before: .run) == [], "the other connections can work: it is this one's fault")
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
