import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOPosix
import TestSupport
import Testing

@testable import WSClient

struct NameResolverTests {
    /// A system resolver that hangs until it is let go.
    private final class HangingSystem: Sendable {
        let asked = NIOLockedValueBox<[String]>([])
        private let gate = ConditionLock(value: 0)

        func ask(_ question: NameResolver.Question) -> NameResolver.Answer {
            asked.withLockedValue { $0.append("\(question.host) \(question.family)") }
            gate.lock(whenValue: 1)
            gate.unlock(withValue: 1)
            return .success([])
        }

        func letGo() {
            gate.lock()
            gate.unlock(withValue: 1)
        }
    }

    @Test("a resolver that hangs piles up neither threads nor questions")
    func aHangingResolverPilesUpNothing() async throws {
        let system = HangingSystem()
        let resolver = NameResolver(threads: 2) { system.ask($0) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let question = NameResolver.Question(host: "slow.example", port: 443, family: .ipv6)
        let answers = (0..<1000).map { _ in resolver.answer(to: question, on: loop) }
        let others = (0..<10).map {
            resolver.answer(to: .init(host: "other\($0).example", port: 443, family: .ipv6), on: loop)
        }
        try await eventually("two threads at work") { system.asked.withLockedValue(\.count) == 2 }
        #expect(system.asked.withLockedValue { $0.filter { $0.hasPrefix("slow") }.count } <= 1)
        system.letGo()
        for answer in answers + others { _ = try await answer.get() }
        #expect(system.asked.withLockedValue(\.count) == 11, "a question for all who asked it at the same time")
        _ = try await resolver.answer(to: question, on: loop).get()
        #expect(system.asked.withLockedValue(\.count) == 12, "asked anew after that")
    }

    @Test func numbersAndTheOwnMachineAreFound() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let question = NameResolver.Question(host: "localhost", port: 80, family: .ipv4)
        let addresses = try await NameResolver.shared.answer(to: question, on: loop).get().get()
        #expect(addresses.map(\.shownHost) == ["127.0.0.1"])
    }

    @Test("a name that DNS never answers for ends with the attempt, in words")
    func aNameWithoutAnAnswer() async throws {
        let system = HangingSystem()
        defer { system.letGo() }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let words = try await loop.submit {
            let happyEyeballs = HappyEyeballs(
                host: "slow.example",
                port: 443,
                resolver: NameResolver(threads: 2) { system.ask($0) },
                memory: AddressMemory(),
                eventLoop: loop,
                open: { _ in loop.makeFailedFuture(ChannelError.eof) },
                detail: { _ in }
            )
            let pending = happyEyeballs.start()
            return [pending.abandon(), pending.abandon()]
        }.get()
        #expect(words == ["no answer from DNS for the name slow.example", nil])
    }

    /// A driver on a loop whose time the test moves, with sockets that open when the test says so.
    private final class Race {
        let loop = EmbeddedEventLoop()
        var opened: [(SocketAddress, EventLoopPromise<any Channel>)] = []
        var details: [String] = []
        let memory = AddressMemory()

        func start(_ host: String) -> PendingConnection {
            HappyEyeballs(
                host: host,
                port: 80,
                resolver: NameResolver(threads: 1) { _ in .success([]) },
                memory: memory,
                eventLoop: loop,
                open: { address in
                    let promise = self.loop.makePromise(of: (any Channel).self)
                    self.opened.append((address, promise))
                    return promise.futureResult
                },
                detail: { self.details.append($0) }
            ).start()
        }
    }

    @Test func theAddressThatConnectedIsRemembered() throws {
        let race = Race()
        let pending = race.start("192.0.2.7")
        #expect(race.opened.count == 1)
        let channel = EmbeddedChannel(loop: race.loop)
        race.opened[0].1.succeed(channel)
        race.loop.run()
        #expect(try pending.channel.wait() === channel)
        #expect(race.memory["192.0.2.7", 80]?.shownHost == "192.0.2.7")
        #expect(pending.abandon() == nil, "too late")
    }

    @Test func aSocketThatOpensAfterTheEndIsClosed() throws {
        let race = Race()
        let pending = race.start("192.0.2.7")
        _ = pending.abandon()
        let channel = EmbeddedChannel(loop: race.loop)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 80)).wait()
        race.opened[0].1.succeed(channel)
        race.loop.run()
        #expect(!channel.isActive)
        #expect(throws: (any Error).self) { try pending.channel.wait() }
    }
}
