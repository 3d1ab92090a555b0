import Foundation
import NIOConcurrencyHelpers

/// Cuts what a program writes into lines.
final class DemoLines: Sendable {
    private let rest = NIOLockedValueBox(Data())
    private let line: @Sendable (String) -> Void

    init(_ line: @escaping @Sendable (String) -> Void) {
        self.line = line
    }

    func feed(_ data: Data) {
        let whole = rest.withLockedValue { rest in
            rest.append(data)
            var lines: [String] = []
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                rest.removeSubrange(rest.startIndex...end)
            }
            return lines
        }
        for text in whole { line(text) }
    }
}
