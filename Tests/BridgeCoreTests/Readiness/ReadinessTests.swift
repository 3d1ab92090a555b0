import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

struct ReadinessTests {
    /// A pipe with a `Readiness` on one of its ends, which counts notices.
    private final class WatchedPipe {
        let reading: CInt
        let writing: CInt
        private(set) var notices = 0
        private(set) var readiness: Readiness?

        init(watchingReadEnd: Bool, eventLoop: any EventLoop) throws {
            (reading, writing) = try makePipe()
            readiness = Readiness(descriptor: watchingReadEnd ? reading : writing, eventLoop: eventLoop) {
                [unowned self] in notices += 1
            }
        }

        deinit {
            readiness = nil
            close(reading)
            close(writing)
        }

        func write(_ count: Int) -> Int {
            [UInt8](repeating: 1, count: count).withUnsafeBytes { Foundation.write(writing, $0.baseAddress, count) }
        }

        func drain() {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while read(reading, &buffer, buffer.count) > 0 {}
        }
    }

    private func withPipe(
        watchingReadEnd: Bool = true,
        _ body: (OnLoop<WatchedPipe>) async throws -> Void
    ) async throws {
        try await withEventLoop { eventLoop in
            let pipe = try await OnLoop(eventLoop) {
                try WatchedPipe(watchingReadEnd: watchingReadEnd, eventLoop: $0)
            }
            try await body(pipe)
            try await pipe.run { $0.readiness?.cancel() }
        }
    }

    @Test
    func givesOneNoticeForEachArm() async throws {
        try await withPipe { pipe in
            try await pipe.run { try $0.readiness?.arm(for: .readable) }
            _ = try await pipe.run { $0.write(1) }
            try await eventually("the first notice") { try await pipe.run { $0.notices } == 1 }
            _ = try await pipe.run { $0.write(1) }
            // It is readable still, and says so at once when asked again.
            try await pipe.run { try $0.readiness?.arm(for: .readable) }
            try await eventually("the second notice") { try await pipe.run { $0.notices } == 2 }
        }
    }

    @Test
    func tellsOfRoomInAFullPipe() async throws {
        try await withPipe(watchingReadEnd: false) { pipe in
            try await pipe.run { pipe in
                while pipe.write(4096) > 0 {}
                try pipe.readiness?.arm(for: .writable)
                #expect(pipe.notices == 0)
                pipe.drain()
            }
            try await eventually("the notice") { try await pipe.run { $0.notices } == 1 }
        }
    }

    @Test
    func tellsOfAReaderThatLeft() async throws {
        try await withEventLoop { eventLoop in
            let (reading, writing) = try makePipe()
            defer { close(writing) }
            let left = eventLoop.makePromise(of: Void.self)
            let readiness = try await OnLoop(eventLoop) { eventLoop in
                let readiness = Readiness(descriptor: writing, eventLoop: eventLoop) { left.succeed() }
                try readiness.arm(for: .hangUp)
                return readiness
            }
            close(reading)
            try await left.futureResult.get()
            try await readiness.run { $0.cancel() }
        }
    }

    @Test
    func afterCancelNothingIsHeard() async throws {
        try await withPipe { pipe in
            try await pipe.run { pipe in
                _ = pipe.write(1)
                try pipe.readiness?.arm(for: .readable)
                // The notice may be on its way already.
                pipe.readiness?.cancel()
            }
            // One that is armed later on the same descriptor is told; the cancelled one isn't.
            try await pipe.run { try $0.readiness?.arm(for: .readable) }
            try await eventually("the one notice") { try await pipe.run { $0.notices } == 1 }
            try await pipe.run { _ in }
            #expect(try await pipe.run { $0.notices } == 1)
        }
    }

    @Test
    func aFileThatIsAlwaysReadyIsAnErrorNotAHang() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("file").path
            let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
            defer { close(descriptor) }
            await #expect(throws: KernelError("epoll_ctl", code: EPERM)) {
                try await withEventLoop { eventLoop in
                    _ = try await OnLoop(eventLoop) { eventLoop in
                        try Readiness(descriptor: descriptor, eventLoop: eventLoop) {}.arm(for: .readable)
                    }
                }
            }
        }
    }
}

private func makePipe() throws -> (reading: CInt, writing: CInt) {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw KernelError("pipe") }
    for end in ends where fcntl(end, F_SETFL, O_NONBLOCK) != 0 { throw KernelError("fcntl") }
    return (ends[0], ends[1])
}
