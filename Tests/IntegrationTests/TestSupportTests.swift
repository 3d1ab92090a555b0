import Foundation
import TestSupport
import Testing

/// What the other tests stand on.
struct TestSupportTests {
    @Test func recordsWhatTheBrokerDelivers() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "a/#") { recorder in
                let payloads = (0..<500).map { index in
                    ("a/\(index)", [UInt8](repeating: UInt8(index % 256), count: index))
                }
                try await recorder.publish(payloads)
                try await eventually("500 messages") { recorder.count == 500 }
                #expect(recorder.messages.map(\.topic) == payloads.map(\.0))
                #expect(recorder.messages.map(\.payload) == payloads.map(\.1))
            }
        }
    }

    @Test func retainedMessagesOutliveARestart() async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            try await withMQTTClient(of: broker) { try await $0.publish("kept", "yes", retain: true) }
            try await broker.restart()
            try await withMQTTRecorder(of: broker) { recorder in
                let message = try await recorder.message(on: "kept")
                #expect(message.isRetained)
                #expect(message.text == "yes")
            }
        }
    }

    @Test func usersNeedTheirPassword() async throws {
        try await withMosquittoBroker(users: ["anna": "secret"]) { broker in
            try await withMQTTClient(of: broker, user: "anna", password: "secret") { try await $0.publish("t", "x") }
            await #expect(throws: (any Error).self) {
                try await withMQTTClient(of: broker, user: "anna", password: "wrong") { _ in }
            }
        }
    }

    @Test func aChildsOutputAndExitStatusAreSeen() async throws {
        let shell = URL(fileURLWithPath: "/bin/sh")
        let finished = try await run(shell, ["-c", "echo out; echo err >&2; exit 3"])
        #expect(finished.status == .exited(3))
        #expect(finished.output.contains("out"))
        #expect(finished.errors.contains("err"))
        try await withProcess(shell, ["-c", "echo started; exec sleep 100"]) { process in
            _ = try await process.output.line(containing: "started")
            process.terminate()
            #expect(try await process.waitForExit() == .signalled(SIGTERM))
        }
    }

    @Test func fifosAndDatagramsArriveWhole() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("pipe").path
            #expect(mkfifo(path, 0o600) == 0)
            try await withFIFOReader(path) { reader in
                try await FIFOWriter.write("one\ntwo\nunfinished", to: path)
                try await eventually("two lines") { reader.lines == ["one", "two"] }
                #expect(reader.byteCount == 18)
            }
        }
        try await withUDPReceiver { receiver in
            let sender = try UDPSender(toPort: receiver.port)
            sender.send("a")
            sender.send("")
            try await receiver.waitForDatagrams(2)
            #expect(receiver.texts == ["a", ""])
        }
    }

    @Test func tlsRelayEndsTLS() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            try await withWebSocketServer(.init(.raw(Array("plain\n".utf8), closes: true))) { server in
                try await withTLSRelay(to: server.port, certificate: certificate) { relay in
                    let client = try await withProcess(
                        Executables.installed("openssl"),
                        [
                            "s_client", "-quiet", "-verify_return_error", "-CAfile",
                            authority.certificate.certificateFile, "-connect", "localhost:\(relay.port)",
                        ]
                    ) { process in
                        process.feed("GET / HTTP/1.1\r\n\r\n")
                        return try await process.output.line(containing: "plain")
                    }
                    #expect(client == "plain")
                }
            }
        }
    }

    @Test func theSeedDecidesTheNumbers() {
        var first = SeededGenerator(seed: 7)
        var second = SeededGenerator(seed: 7)
        #expect(first.bytes(100) == second.bytes(100))
        #expect(String(validating: first.text(1_000), as: UTF8.self) != nil)
    }
}
