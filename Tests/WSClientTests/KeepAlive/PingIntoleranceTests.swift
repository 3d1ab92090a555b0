import NIOCore
import Testing

@testable import WSClient

struct PingIntoleranceTests {
    /// A connection that ended in second 21.
    private struct End {
        var lastPing: Int64?
        var sawPong = false
        var byServer = true

        static let rightAfterAPing = End(lastPing: 20)
    }

    private func actions(_ ends: End...) -> [PingIntolerance.EndAction] {
        func at(_ second: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(second) }
        var machine = PingIntolerance()
        return ends.map { end in
            machine.connectionEnded(
                lastPing: end.lastPing.map(at),
                sawPong: end.sawPong,
                byServer: end.byServer,
                now: at(21)
            )
        }
    }

    @Test func threeEndsRightAfterAPingAreSaidOnce() {
        #expect(
            actions(.rightAfterAPing, End(lastPing: 19), .rightAfterAPing, .rightAfterAPing)
                == [.doNothing, .doNothing, .advise, .doNothing]
        )
    }

    @Test func anEndBeforeTheFirstPingSaysNothing() {
        #expect(actions(.rightAfterAPing, .rightAfterAPing, End(), .rightAfterAPing).last == .advise)
    }

    @Test func aPongEndsTheSuspicion() {
        let answered = End(lastPing: 20, sawPong: true)
        #expect(!actions(.rightAfterAPing, .rightAfterAPing, answered, .rightAfterAPing).contains(.advise))
    }

    @Test func anEndLongAfterThePingEndsTheSuspicion() {
        #expect(!actions(.rightAfterAPing, .rightAfterAPing, End(lastPing: 18), .rightAfterAPing).contains(.advise))
    }

    @Test func ourOwnEndIsNotTheServersDoing() {
        let ours = End(lastPing: 20, byServer: false)
        #expect(!actions(.rightAfterAPing, .rightAfterAPing, ours, .rightAfterAPing).contains(.advise))
    }
}
