import Foundation
import Testing

@testable import BridgeCore

/// Random histories of a spooled queue.
///
/// `SPOOL_SEED=n` replays one, `SPOOL_TRACE=1` names each.
struct SpoolModelTests {
    private static let environment = ProcessInfo.processInfo.environment

    @Test(arguments: 0..<20)
    func nothingIsLostInventedOrReorderedWhateverHappens(part: Int) throws {
        if let text = Self.environment["SPOOL_SEED"], let seed = UInt64(text) {
            if part == 0 { try SpoolHistory(seed: seed).run(steps: 60) }
            return
        }
        for index in 0..<500 {
            let seed = UInt64(part * 500 + index)
            // A failed assertion ends the process: the last seed that was begun is the one.
            if Self.environment["SPOOL_TRACE"] != nil { print("seed \(seed)") }
            try SpoolHistory(seed: seed).run(steps: 60)
        }
    }
}
