import BridgeCore
import BridgeTestSupport
import Foundation
import TestSupport
import Testing

@testable import UDPAdapter

/// The sender against a receiver, and against local sockets that refuse what UDP over loopback never does.
struct DatagramSenderTests {
    /// Both ends of a local datagram socket.
    ///
    /// Its queue is short, and a message must fit its send buffer.
    private func withLocalSockets(_ body: (_ sending: CInt, _ receiving: CInt) throws -> Void) throws {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | O_NONBLOCK, 0, &ends) == 0 else {
            throw KernelError("socketpair")
        }
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    private func drain(_ descriptor: CInt) -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var count = 0
        while recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT)) >= 0 { count += 1 }
        return count
    }

    @Test
    func stopsWhereTheSocketHasNoRoomAndGoesOnFromThere() throws {
        try withLocalSockets { sending, receiving in
            let sender = DatagramSender(maxSize: 65_507, truncates: false)
            sender.begin(with: sending)
            let payloads = (0..<2000).map { [UInt8](repeating: UInt8($0 % 251), count: 100) }
            var left = payloads
            var arrived = 0
            var stops = 0
            while !left.isEmpty {
                let outcome = sender.send(MessageBatch.of(payloads: left), through: sending)
                #expect(outcome.delivered == outcome.taken)
                #expect(outcome.isBlocked == (outcome.taken < left.count))
                stops += outcome.isBlocked ? 1 : 0
                left.removeFirst(outcome.taken)
                arrived += drain(receiving)
            }
            #expect(arrived == 2000)
            #expect(stops > 0)
        }
    }

    @Test
    func whatTheKernelFindsTooLargeCountsAsTooLargeAndTheRestGoesOn() throws {
        try withLocalSockets { sending, receiving in
            SocketOption.offer(sending, SOL_SOCKET, SO_SNDBUF, 8192)
            let sender = DatagramSender(maxSize: 65_507, truncates: false)
            sender.begin(with: sending)
            let sizes = [10, 60_000, 10, 10, 60_000]
            let outcome = sender.send(
                MessageBatch.of(payloads: sizes.map { [UInt8](repeating: 1, count: $0) }),
                through: sending
            )
            #expect(outcome.taken == 5)
            #expect(outcome.delivered == 3)
            #expect(outcome.tooLarge == 2)
            #expect(outcome.lastError == EMSGSIZE)
            #expect(drain(receiving) == 3)
        }
    }

    @Test
    func anyOtherRefusalCostsTheMessageItWasFor() throws {
        try withLocalSockets { sending, receiving in
            let sender = DatagramSender(maxSize: 65_507, truncates: false)
            sender.begin(with: sending)
            shutdown(sending, CInt(SHUT_WR))
            let outcome = sender.send(MessageBatch.of(payloads: [[1], [2], [3]]), through: sending)
            #expect(outcome.taken == 3)
            #expect(outcome.refused == 3)
            #expect(outcome.lastError == EPIPE)
        }
    }

    @Test(arguments: [true, false])
    func trainsMixedWithOddSizesArriveInOrderAndWhole(segmenting: Bool) async throws {
        var random = SeededGenerator(seed: 11)
        // Runs of one size of 1 to 150, some with a shorter end, empty ones and large ones between.
        var payloads: [[UInt8]] = []
        while payloads.count < 20_000 {
            let size = [1, 64, 256, 1024, 1472, 1473, 4096][Int(random.next() % 7)]
            for _ in 0..<1 + random.next() % 150 { payloads.append(random.bytes(size)) }
            switch random.next() % 4 {
            case 0: payloads.append(random.bytes(Int(random.next() % UInt64(size))))
            case 1: payloads.append([])
            case 2: payloads.append(random.bytes(30_000))
            default: break
            }
        }
        try await withUDPReceiver { receiver in
            let endpoint = try UDPEndpoint.resolve(
                UDPAddress(host: "127.0.0.1", port: receiver.port),
                numericOnly: true
            )
            let socket = try SendingSocket(
                to: endpoint[0],
                UDPSinkConfiguration(address: UDPAddress(host: "127.0.0.1", port: receiver.port)),
                isName: false
            )
            defer { close(socket.descriptor) }
            let sender = DatagramSender(maxSize: 65_507, truncates: false)
            sender.begin(with: socket.descriptor, segmenting: segmenting)
            var from = 0
            while from < payloads.count {
                let part = Array(payloads[from..<min(payloads.count, from + 700)])
                let outcome = sender.send(MessageBatch.of(payloads: part), through: socket.descriptor)
                #expect(outcome == DatagramSender.Outcome(taken: part.count, delivered: part.count))
                from += part.count
                // Paced below what the receiver can hold.
                try await receiver.waitForDatagrams(from)
            }
            #expect(receiver.received == payloads)
        }
    }
}
