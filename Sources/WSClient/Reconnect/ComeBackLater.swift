import NIOCore

/// The close codes by which a server asks its clients to come back later (IANA's registry of close codes).
///
/// As with Retry-After, the server's wish goes before `max_delay`.
enum ComeBackLater: Equatable {
    /// 1012: it restarts. A random time from 5 to 30 s, as the registry's entry recommends.
    case serviceRestart
    /// 1013: it is overloaded. 10 s, and up to a further delay that doubles with each time, 10 s to 5 min.
    case tryAgainLater

    init?(_ code: CloseCode?) {
        switch code {
        case .some(.serviceRestart): self = .serviceRestart
        case .some(.tryAgainLater): self = .tryAgainLater
        default: return nil
        }
    }

    /// From the least to the longest wait, after so many failures in a row.
    func range(failures: Int) -> ClosedRange<TimeAmount> {
        switch self {
        case .serviceRestart:
            return .seconds(5) ... .seconds(30)
        case .tryAgainLater:
            let growing = min(TimeAmount.seconds(10 << Int64(min(failures, 5))), .minutes(5))
            return .seconds(10)...(.seconds(10) + growing)
        }
    }
}
