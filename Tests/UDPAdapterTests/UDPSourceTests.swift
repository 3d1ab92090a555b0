import BridgeCore
import Foundation
import TestSupport
import Testing

@testable import BridgeCore
@testable import UDPAdapter

struct UDPSourceTests {
    @Test
    func eachDatagramIsAMessage() async throws {
        try await withUDPSource { test, port in
            let sender = try TestSender(to: "127.0.0.1", port: port)
            let payloads: [[UInt8]] = [[1], [], [UInt8](repeating: 2, count: 65_507), [3, 0, 10]]
            for payload in payloads { sender.send(payload) }
            try await eventually("four messages") { try await test.count == 4 }
            #expect(try await test.payloads == payloads)
        }
    }

    @Test
    func whatComesWhilePausedWaitsInTheSocketAndComesInBatches() async throws {
        try await withUDPSource { test, port in
            try await test.run { $0.source.pause() }
            let sender = try TestSender(to: "127.0.0.1", port: port)
            for number in 0..<500 { sender.send("\(number)") }
            try await test.run { _ in }
            #expect(try await test.count == 0)
            try await test.run { $0.source.resume() }
            try await eventually("all datagrams") { try await test.count == 500 }
            #expect(try await test.texts == (0..<500).map(String.init))
            let batches = try await test.run { $0.batches }
            #expect(batches.count <= 10, "64 a call, and the one that NIO reads")
            #expect(batches.allSatisfy { $0.capacity <= 64 << 10 }, "a batch of small datagrams is small")
            let others = try #require(try await test.run { $0.batchesBeforeOthers })
            #expect(others <= 4, "others have their turn after four calls")
        }
    }

    @Test
    func twentyThousandMixedDatagramsArriveWholeAndInOrder() async throws {
        try await withUDPSource { test, port in
            var random = SeededGenerator(seed: 12)
            let payloads = (0..<20_000).map { _ in random.bytes(Int(random.next() % 4096)) }
            let sender = try TestSender(to: "127.0.0.1", port: port)
            for (index, payload) in payloads.enumerated() {
                sender.send(payload)
                // Paced below what the socket can hold.
                if index % 200 == 199 {
                    try await eventually("\(index) datagrams") { try await test.count > index }
                }
            }
            try await eventually("all datagrams") { try await test.count == payloads.count }
            #expect(try await test.payloads == payloads)
            #expect(try await test.run { $0.rejections } == [:])
        }
    }

    @Test
    func whatTheKernelDroppedIsCounted() async throws {
        var configuration = UDPSourceConfiguration(address: UDPAddress(host: "127.0.0.1", port: 0))
        configuration.receiveBuffer = 20_000
        try await withUDPSource(configuration) { test, port in
            try await test.run { $0.source.pause() }
            let sender = try TestSender(to: "127.0.0.1", port: port)
            for number in 0..<500 { sender.send("\(number)") }
            try await test.run { $0.source.resume() }
            try await eventually("the count to add up") {
                try await test.count + test.rejections(.kernelOverflow) == 500
            }
            #expect(try await test.rejections(.kernelOverflow) > 0)
        }
    }

    @Test
    func whatTheKernelDropsOrHoldsWhileNobodyReadsIsCountedAtTheEnd() async throws {
        var configuration = UDPSourceConfiguration(address: UDPAddress(host: "127.0.0.1", port: 0))
        configuration.receiveBuffer = 20_000
        try await withUDPSource(configuration) { test, port in
            try await test.run { $0.source.pause() }
            let sender = try TestSender(to: "127.0.0.1", port: port)
            for number in 0..<500 { sender.send("\(number)") }
            try await test.run { $0.source.stop {} }
            let overflow = try await test.rejections(.kernelOverflow)
            let late = try await test.rejections(.closing)
            #expect(overflow > 400 && late > 0 && overflow + late == 500)
            #expect(try await test.count == 0)
        }
    }

    @Test("S12: a datagram from outside the allow-list is dropped and counted")
    func allowFromKeepsOthersOut() async throws {
        var configuration = UDPSourceConfiguration(address: UDPAddress(host: "127.0.0.1", port: 0))
        configuration.allowFrom = [CIDR(address: [127, 0, 0, 2], prefixLength: 32)]
        try await withUDPSource(configuration) { test, port in
            let stranger = try TestSender(to: "127.0.0.1", port: port)
            let friend = try TestSender(to: "127.0.0.1", port: port, from: "127.0.0.2")
            // In one burst, so that both NIO's read and ours see of each.
            try await test.run { $0.source.pause() }
            for number in 0..<10 {
                stranger.send("stranger \(number)")
                friend.send("friend \(number)")
            }
            try await test.run { $0.source.resume() }
            try await eventually("the friend's") { try await test.count == 10 }
            #expect(try await test.texts == (0..<10).map { "friend \($0)" })
            #expect(try await test.rejections(.notAllowed) == 10)
        }
    }

    @Test("S12: an IPv4 sender is judged as IPv4 on a socket for both families")
    func allowFromUnderstandsMappedAddresses() async throws {
        var configuration = UDPSourceConfiguration(address: UDPAddress(host: "::", port: 0))
        configuration.allowFrom = [CIDR(address: [127, 0, 0, 0], prefixLength: 8)]
        try await withUDPSource(configuration) { test, port in
            try TestSender(to: "::1", port: port).send("six")
            try TestSender(to: "127.0.0.1", port: port).send("four")
            try await eventually("the friend's") { try await test.texts == ["four"] }
            #expect(try await test.rejections(.notAllowed) == 1)
        }
    }

    @Test
    func aDatagramAboveTheLargestIsRejected() async throws {
        try await withUDPSource(largestDatagram: 100) { test, port in
            let sender = try TestSender(to: "127.0.0.1", port: port)
            try await test.run { $0.source.pause() }
            for size in [101, 100, 2000, 1] { sender.send([UInt8](repeating: 9, count: size)) }
            try await test.run { $0.source.resume() }
            try await eventually("those that fit") { try await test.count == 2 }
            #expect(try await test.payloads.map(\.count) == [100, 1])
            #expect(try await test.rejections(.tooLarge) == 2)
        }
    }

    @Test
    func aPortThatIsTakenIsAClearError() async throws {
        try await withUDPSource { _, port in
            let address = UDPAddress(host: "127.0.0.1", port: port)
            await #expect(throws: UDPError.addressInUse(address)) {
                try await withUDPSource(UDPSourceConfiguration(address: address)) { _, _ in }
            }
            #expect("\(UDPError.addressInUse(address))".hasPrefix("udp 127.0.0.1:\(port): address already in use"))
        }
    }

    @Test
    func anAddressThatIsNotOursIsAClearError() async throws {
        let address = UDPAddress(host: "192.0.2.1", port: 0)
        await #expect(throws: UDPError.notLocal(address)) {
            try await withUDPSource(UDPSourceConfiguration(address: address)) { _, _ in }
        }
    }

    @Test
    func nothingComesAfterStop() async throws {
        try await withUDPSource { test, port in
            try await test.run { $0.source.stop {} }
            try TestSender(to: "127.0.0.1", port: port).send("late")
            try await test.run { _ in }
            #expect(try await test.count == 0)
        }
    }

    @Test("the words of a port that needs a permission say both ways out")
    func portsThatNeedAPermission() {
        let address = UDPAddress(host: "127.0.0.1", port: 514)
        #expect(
            UDPError.portNeedsPrivilege(address).description
                == "udp 127.0.0.1:514: permission denied: choose a port from 1024 up, or give the service "
                + "CAP_NET_BIND_SERVICE"
        )
    }
}

struct MulticastTests {
    @Test
    func multicastPassesOverTheLoopbackInterface() async throws {
        var from = UDPSourceConfiguration(address: UDPAddress(host: "239.255.7.9", port: 0))
        from.multicastInterface = "127.0.0.1"
        try await withUDPSource(from) { source, port in
            var to = UDPSinkConfiguration(address: UDPAddress(host: "239.255.7.9", port: port))
            to.multicastInterface = "127.0.0.1"
            try await withUDPSink(to) { sink in
                try await sink.send("to", "the", "group")
                try await eventually("the group's messages") { try await source.texts == ["to", "the", "group"] }
            }
        }
    }

    @Test
    func theInterfaceMayBeNamed() async throws {
        var from = UDPSourceConfiguration(address: UDPAddress(host: "239.255.7.10", port: 0))
        from.multicastInterface = "lo"
        try await withUDPSource(from) { source, port in
            var to = UDPSinkConfiguration(address: UDPAddress(host: "239.255.7.10", port: port))
            to.multicastInterface = "lo"
            try await withUDPSink(to) { sink in
                try await sink.send("hello")
                try await eventually("the group's message") { try await source.texts == ["hello"] }
            }
        }
    }
}
