import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// The control socket by its real file.
struct ControlSocketTests {
    @Test("S13: the socket has mode 0600, whatever the umask, in a directory of mode 0700")
    func isPrivate() async throws {
        try await withServer { path, _ in
            #expect(mode(of: path) == 0o600)
            #expect(mode(of: (path as NSString).deletingLastPathComponent) == 0o700)
        }
    }

    @Test func answersOneRequestAfterTheOther() async throws {
        try await withServer { path, _ in
            for text in ["a", "with \"quotes\" and \n a line break"] {
                let answer = try await ask(ControlRequest(verb: .send, connection: "cloud", message: text), at: path)
                #expect(answer == ControlResponse(.ok, message: text))
            }
        }
    }

    @Test func removesTheSocketAtTheEnd() async throws {
        try await withServer { path, server in
            try await server.run { $0.stop() }
            #expect(!FileManager.default.fileExists(atPath: path))
            let answers = try await isAnswering(path)
            #expect(!answers)
        }
    }

    @Test func takesTheSocketOfADeadGatewayButNotOfALivingOne() async throws {
        try await withServer { path, _ in
            #expect(throws: ControlSocketPlace.PlaceError.self) { try ControlSocketPlace.prepare(path) }
            let answers = try await isAnswering(path)
            #expect(answers)
        }
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("s").path
            close(try UnixSocket.listen(at: path, mode: 0o600, backlog: 1).get())
            #expect(FileManager.default.fileExists(atPath: path))
            try ControlSocketPlace.prepare(path)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("S13: what is no socket, or lies where others may write, is left alone")
    func leavesOtherThingsAlone() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("file").path
            try "mine".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(throws: ControlSocketPlace.PlaceError.self) { try ControlSocketPlace.prepare(file) }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
            let open = directory.appendingPathComponent("open").path
            mkdir(open, 0o777)
            chmod(open, 0o777)
            #expect(throws: ControlSocketPlace.PlaceError.self) { try ControlSocketPlace.prepare(open + "/s") }
            let long = "/tmp/" + String(repeating: "x", count: 110)
            #expect(throws: ControlSocketPlace.PlaceError.self) { try ControlSocketPlace.prepare(long) }
        }
    }

    @Test("S13: a request that is no request, or too long, gets a refusal")
    func refusesBadRequests() async throws {
        try await withServer { path, _ in
            let nonsense = try await say("nonsense\n", at: path)
            #expect(nonsense.contains("bad_request"))
            let long = String(repeating: "x", count: ControlSession.longestRequest + 1)
            let refusal = try await say(long, at: path)
            #expect(refusal.contains("1 MiB"))
            let answers = try await isAnswering(path)
            #expect(answers)
        }
    }

    @Test("S13: one client too many is sent away, and the others are served")
    func boundsItsClients() async throws {
        try await withServer { path, _ in
            var descriptors: [CInt] = []
            defer { for descriptor in descriptors { close(descriptor) } }
            for _ in 0..<ControlServer.mostClients {
                descriptors.append(try UnixSocket.connect(to: path, patience: 5).get())
            }
            let answers = try await isAnswering(path)
            #expect(!answers)
            close(descriptors.removeLast())
            try await eventually("room") { try await isAnswering(path) }
        }
    }
}

/// Says `ok` to all, and the message back.
private final class EchoHandler: ControlHandler {
    func handle(_ request: ControlRequest) -> ControlResponse { ControlResponse(.ok, message: request.message) }
}

private func withServer(_ body: (String, OnLoop<ControlServer>) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let path = directory.appendingPathComponent("run/control.sock").path
        try await withEventLoop { eventLoop in
            let server = try await OnLoop(eventLoop) { _ in
                ControlServer(
                    path: path,
                    handler: EchoHandler(),
                    log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
            }
            try await server.run { $0.start(on: eventLoop) {} }
            try await eventually("the socket") { FileManager.default.fileExists(atPath: path) }
            try await body(path, server)
            try await server.run { $0.stop() }
        }
    }
}

/// Asks on a thread of its own: the client blocks.
private func ask(_ request: ControlRequest, at path: String) async throws -> ControlResponse? {
    await onThread { ControlClient(path: path)?.ask(request) }
}

private func isAnswering(_ path: String) async throws -> Bool {
    let answer = try await ask(ControlRequest(verb: .status), at: path)
    return answer?.result == .ok
}

/// Writes this and reads the answer's first part.
private func say(_ text: String, at path: String) async throws -> String {
    let descriptor = try UnixSocket.connect(to: path, patience: 5).get()
    return await onThread {
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = send(descriptor, Array(bytes[sent...]), bytes.count - sent, CInt(MSG_NOSIGNAL))
            guard count > 0 else { break }
            sent += count
        }
        var answer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &answer, answer.count)
        return String(decoding: answer.prefix(max(0, count)), as: UTF8.self)
    }
}

private func onThread<Result: Sendable>(_ body: @Sendable @escaping () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

private func mode(of path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
}
