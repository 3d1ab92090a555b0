import Logging
import NIOCore

extension WebSocketClient {
    /// Brings the status into line with the machine, and tells the delegate if it is another now.
    func update() {
        let before = status
        status.attempts = machine.attempts
        status.nextAttempt = nil
        switch machine.state {
        case .disconnected: status.state = .disconnected
        case .connecting: status.state = .connecting
        case .connected: status.state = .connected
        case .established, .closing: status.state = .established
        case .backoff(let until):
            status.state = .backoff
            status.nextAttempt = until
        case .fault(let until):
            status.state = .fault
            status.nextAttempt = until
        }
        if status.state == .established {
            status.reason = unreadEnd
            status.closeCode = nil
        }
        if status.state != before.state { status.since = eventLoop.now }
        if status != before { delegate?.webSocketClient(self, changed: status) }
    }

    func tellDisconnected(_ failure: ConnectionFailure, wasEstablished: Bool) {
        delegate?.webSocketClient(
            self,
            disconnected: WebSocketDisconnection(
                reason: failure.reason,
                closeCode: failure.closeCode,
                wasEstablished: wasEstablished
            )
        )
    }

    func logEnd(_ failure: ConnectionFailure, wasEstablished: Bool) {
        let happening = wasEstablished ? "disconnected: \(failure.reason)" : failure.reason
        switch machine.state {
        case .backoff(let until):
            delegate?.webSocketClient(self, failed: failure.reason)
            logger.warning("\(happening); next attempt in \(wait(until))")
        case .fault(let until):
            delegate?.webSocketClient(self, failed: failure.reason)
            guard failure.remedy != .otherCredentials else { return logger.error("\(happening)") }
            let next = until.map { "next attempt in \(wait($0)), or on a connect command" }
            logger.error("\(happening); \(next ?? "no further attempt without a connect command")")
        case .disconnected, .connecting, .connected, .established, .closing:
            logger.info("\(happening)")
        }
    }

    /// A line for those who want to know more: shown with `extendedLogging`, else only at debug level.
    func logDetail(_ line: () -> String) {
        if extendedLogging {
            logger.info("\(line())")
        } else {
            logger.debug("\(line())")
        }
    }

    private func wait(_ until: NIODeadline) -> String {
        let tenths = max(0, (until - eventLoop.now).nanoseconds) / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
