import BridgeCore
import BridgeTestSupport
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore
@testable import UDPAdapter

struct UDPSinkTests {
    private func configuration(_ host: String = "127.0.0.1", port: Int) -> UDPSinkConfiguration {
        UDPSinkConfiguration(address: UDPAddress(host: host, port: port))
    }

    @Test
    func eachMessageIsADatagramAnEmptyOneToo() async throws {
        try await withUDPReceiver { receiver in
            try await withUDPSink(configuration(port: receiver.port)) { test in
                try await test.send("one", "", "three")
                try await receiver.waitForDatagrams(3)
                #expect(receiver.texts == ["one", "", "three"])
                #expect(try await test.balance.delivered == 3)
            }
        }
    }

    @Test
    func aNameIsResolvedBeforeTheFirstMessageLeaves() async throws {
        try await withUDPSource(UDPSourceConfiguration(address: UDPAddress(host: "::", port: 0))) { source, port in
            try await withUDPSink(configuration("localhost", port: port)) { test in
                try await test.send("by name")
                try await eventually("the datagram") { try await source.texts == ["by name"] }
            }
        }
    }

    @Test
    func aNameThatLeadsNowhereCostsMessagesAndNothingElse() async throws {
        try await withUDPSink(configuration("no-such-host.invalid", port: 9)) { test in
            try await test.send("first")
            try await eventually("the resolver's no") { try await test.balance.dropped == [.refused: 1] }
            try await test.send("second")
            #expect(try await test.balance.dropped == [.refused: 2])
        }
    }

    @Test
    func iPv6WorksTheSame() async throws {
        try await withUDPSource(UDPSourceConfiguration(address: UDPAddress(host: "::1", port: 0))) { source, port in
            try await withUDPSink(configuration("::1", port: port)) { test in
                try await test.send([[UInt8](repeating: 6, count: 1000), [], [UInt8](repeating: 6, count: 65_507)])
                try await eventually("three datagrams") { try await source.count == 3 }
                #expect(try await source.payloads.map(\.count) == [1000, 0, 65_507])
            }
        }
    }

    @Test
    func whatIsTooLargeIsDroppedAndTheLargestPasses() async throws {
        try await withUDPReceiver { receiver in
            try await withUDPSink(configuration(port: receiver.port)) { test in
                try await test.send([65_508, 65_507, 100_000, 1].map { [UInt8](repeating: 1, count: $0) })
                try await receiver.waitForDatagrams(2)
                #expect(receiver.received.map(\.count) == [65_507, 1])
                let balance = try await test.balance
                #expect(balance.delivered == 2)
                #expect(balance.dropped == [.tooLarge: 2])
            }
        }
    }

    @Test
    func truncateCutsAtTheBound() async throws {
        try await withUDPReceiver { receiver in
            var configuration = configuration(port: receiver.port)
            configuration.oversize = .truncate
            configuration.maxSize = 10
            try await withUDPSink(configuration) { test in
                try await test.send("0123456789abc", "short", "9876543210xyz")
                try await receiver.waitForDatagrams(3)
                #expect(receiver.texts == ["0123456789", "short", "9876543210"])
            }
        }
    }

    @Test
    func nobodyListeningIsCountedAndAReceiverThatComesIsServed() async throws {
        let port = freePort()
        try await withUDPSink(configuration(port: port)) { test in
            for _ in 0..<5 { try await test.send("lost") }
            let before = try await test.balance
            // The report comes with the next send: of five, four are known to be lost.
            #expect(before.dropped == [.refused: 4])
            #expect(before.isBalanced)
            try await withUDPReceiver(port: port) { receiver in
                try await test.send("heard", "heard too")
                try await receiver.waitForDatagrams(2)
                #expect(receiver.texts == ["heard", "heard too"])
            }
            let after = try await test.balance
            #expect(after.delivered == 2)
            #expect(after.dropped == [.refused: 5])
        }
    }

    @Test("S12: broadcast is refused without the flag, and passes with it")
    func broadcastNeedsItsFlag() async throws {
        try await withUDPSource(UDPSourceConfiguration(address: UDPAddress(host: "0.0.0.0", port: 0))) { source, port in
            // The broadcast address of the loopback network.
            var configuration = configuration("127.255.255.255", port: port)
            try await withUDPSink(configuration) { test in
                try await test.send("no")
                #expect(try await test.balance.dropped == [.refused: 1])
            }
            configuration.broadcast = true
            try await withUDPSink(configuration) { test in
                try await test.send("yes")
                try await eventually("the broadcast") { try await source.texts == ["yes"] }
            }
        }
    }

    @Test
    func broadcastWithoutTheFlagSaysWhatToWrite() throws {
        let address = UDPAddress(host: "127.255.255.255", port: 9)
        let endpoint = try UDPEndpoint.resolve(address, numericOnly: true)[0]
        let error = #expect(throws: UDPError.broadcastNotAllowed(address)) {
            try SendingSocket(to: endpoint, UDPSinkConfiguration(address: address), isName: false)
        }
        #expect(error?.description.contains("set `broadcast: true`") == true)
    }

    @Test("S12: a name that leads to a multicast group needs an explicit setting")
    func multicastBehindANameNeedsASetting() throws {
        let address = UDPAddress(host: "group.example", port: 9)
        let group = UDPEndpoint(family: AF_INET, address: [239, 1, 2, 3], port: 9)
        #expect(throws: UDPError.unexpectedMulticast(address)) {
            try SendingSocket(to: group, UDPSinkConfiguration(address: address), isName: true)
        }
    }

    @Test
    func theTimeToLiveIsSet() throws {
        var configuration = configuration(port: 9)
        configuration.ttl = 7
        let unicast = try SendingSocket(
            to: UDPEndpoint(family: AF_INET, address: [127, 0, 0, 1], port: 9),
            configuration,
            isName: false
        )
        defer { close(unicast.descriptor) }
        #expect(SocketOption.get(unicast.descriptor, CInt(IPPROTO_IP), IP_TTL) == 7)
        let six = try SendingSocket(
            to: UDPEndpoint(family: AF_INET6, address: Array(repeating: 0, count: 15) + [1], port: 9),
            configuration,
            isName: false
        )
        defer { close(six.descriptor) }
        #expect(SocketOption.get(six.descriptor, CInt(IPPROTO_IPV6), IPV6_UNICAST_HOPS) == 7)
        configuration.multicastInterface = "127.0.0.1"
        let multicast = try SendingSocket(
            to: UDPEndpoint(family: AF_INET, address: [239, 1, 2, 3], port: 9),
            configuration,
            isName: false
        )
        defer { close(multicast.descriptor) }
        #expect(SocketOption.get(multicast.descriptor, CInt(IPPROTO_IP), IP_MULTICAST_TTL) == 7)
    }

    @Test
    func anUnknownInterfaceIsNamed() throws {
        var configuration = configuration("239.1.2.3", port: 9)
        configuration.multicastInterface = "nosuch7"
        let group = UDPEndpoint(family: AF_INET, address: [239, 1, 2, 3], port: 9)
        #expect(throws: UDPError.unknownInterface(name: "nosuch7")) {
            try SendingSocket(to: group, configuration, isName: false)
        }
    }

    @Test("a broken path is tried again after a second, however many messages come meanwhile")
    func steadyTrafficDoesNotPutTheNextAttemptOff() async throws {
        try await withUDPReceiver { receiver in
            try await withUDPSink(configuration(port: receiver.port)) { test in
                try await test.run {
                    // A socket without a destination stands in for one whose route is gone.
                    let endpoint = UDPEndpoint(family: AF_INET, address: [127, 0, 0, 1], port: UInt16(receiver.port))
                    $0.sink.use(SendingSocket(descriptor: try SocketOption.open(AF_INET), endpoint: endpoint))
                }
                try await test.send("lost")
                #expect(try await test.balance.dropped == [.refused: 1])
                try await eventually("a datagram over a fresh socket") {
                    try await test.send("steady")
                    return receiver.texts.contains("steady")
                }
            }
        }
    }

    @Test("an interface that isn't there is looked for by one timer, however often it was missed")
    func oneTimerLooksForTheInterface() async throws {
        var configuration = configuration("239.1.2.3", port: 9)
        configuration.multicastInterface = "nosuch7"
        try await withUDPSink(configuration) { test in
            let first = try await test.run { test in
                let first = test.sink.interfaceTimer
                test.sink.start()
                return first
            }
            let timer = try #require(first)
            await #expect(throws: EventLoopError.cancelled) { try await timer.futureResult.get() }
        }
    }

    @Test
    func aFullSocketKeepsTheRestInTheQueueUntilThereIsRoom() async throws {
        // A local socket stands in: over loopback a UDP socket never fills.
        var ends: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | O_NONBLOCK, 0, &ends) == 0)
        let (sending, receiving) = (ends[0], ends[1])
        defer { close(receiving) }
        try await withUDPSink(configuration(port: 9)) { test in
            try await test.run {
                let endpoint = UDPEndpoint(family: AF_INET, address: [127, 0, 0, 1], port: 9)
                $0.sink.use(SendingSocket(descriptor: sending, endpoint: endpoint))
            }
            let payloads = (0..<3000).map { Array("\($0)".utf8) }
            try await test.send(payloads)
            #expect(try await test.balance.queued > 0)
            var received: [[UInt8]] = []
            try await eventually("all of it") {
                var buffer = [UInt8](repeating: 0, count: 100)
                while case let count = recv(receiving, &buffer, 100, CInt(MSG_DONTWAIT)), count >= 0 {
                    received.append(Array(buffer[..<count]))
                }
                return received.count == payloads.count
            }
            #expect(received == payloads)
            #expect(try await test.balance.delivered == payloads.count)
        }
    }
}
