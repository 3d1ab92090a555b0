import Foundation
import NIOConcurrencyHelpers

/// Receives datagrams on a free loopback port, on a thread of its own, with a large socket buffer.
package final class UDPReceiver: Sendable {
    package let port: Int
    private let datagrams = NIOLockedValueBox<[[UInt8]]>([])
    private let isWanted = NIOLockedValueBox(true)
    private let isEnded = NIOLockedValueBox(false)

    fileprivate init(port wantedPort: Int?) throws {
        let (descriptor, port) = try Self.boundSocket(wantedPort)
        self.port = port
        var size: Int32 = 32 << 20
        // As root beyond the system's limit, else up to it.
        if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size)) != 0 {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        Thread.detachNewThread { [self] in
            receive(descriptor)
            close(descriptor)
            isEnded.withLockedValue { $0 = true }
        }
    }

    /// Every datagram until now, in order of arrival.
    package var received: [[UInt8]] { datagrams.withLockedValue { $0 } }

    package var count: Int { datagrams.withLockedValue { $0.count } }

    package var texts: [String] { received.map { String(decoding: $0, as: UTF8.self) } }

    package func waitForDatagrams(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(count) datagrams", within: limit) { self.count >= count }
    }

    fileprivate func stop() async throws {
        isWanted.withLockedValue { $0 = false }
        try await eventually("the receiver's end") { isEnded.withLockedValue { $0 } }
    }

    private static func boundSocket(_ wantedPort: Int?) throws -> (descriptor: Int32, port: Int) {
        for _ in 0..<20 {
            let port = wantedPort ?? freePort()
            let descriptor = socket(AF_INET, datagramSocket, 0)
            if withLoopbackAddress(port: port, { bind(descriptor, $0, $1) }) == 0 { return (descriptor, port) }
            close(descriptor)
        }
        throw SetupError("no UDP port to be had: errno \(errno)")
    }

    private func receive(_ descriptor: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            while isWanted.withLockedValue({ $0 }) {
                var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&poller, 1, 10) > 0 else { continue }
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                guard count >= 0 else { continue }
                let datagram = Array(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                datagrams.withLockedValue { $0.append(datagram) }
            }
        }
    }
}

/// Receives datagrams for the duration of `body`.
package func withUDPReceiver<Result>(
    port: Int? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (UDPReceiver) async throws -> Result
) async throws -> Result {
    let receiver = try UDPReceiver(port: port)
    do {
        let result = try await body(receiver)
        try await receiver.stop()
        return result
    } catch {
        try? await receiver.stop()
        throw error
    }
}

/// Sends datagrams to a loopback port.
package final class UDPSender: Sendable {
    private let descriptor: Int32

    package init(toPort port: Int) throws {
        descriptor = socket(AF_INET, datagramSocket, 0)
        guard withLoopbackAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw SetupError("cannot send to port \(port): errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// Sends one datagram; false where nobody listens or the kernel refuses.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, 0) } == bytes.count
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }
}
