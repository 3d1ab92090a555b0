@_spi(Codec) @testable import WSClient

extension FuzzTarget {
    /// Input: how long the pieces are; then the text.
    static let utf8 = FuzzTarget(
        "utf8",
        "whole or in pieces, the same answer as String(validating:), and a refusal no later than the text's end"
    ) { bytes in
        var input = FuzzInput(bytes)
        let step = Int(input.byte() & 31) + 1
        let text = input.rest
        let isValid = String(validating: text, as: UTF8.self) != nil
        try require(text.withUnsafeBytes { UTF8Validator.isValid($0) } == isValid, "whole: not \(isValid)")
        var validator = UTF8Validator()
        var isPossible = true
        for start in stride(from: text.startIndex, to: text.endIndex, by: step) {
            let piece = text[start..<min(start + step, text.endIndex)]
            let mayGoOn = piece.withUnsafeBytes { validator.consume($0) }
            try require(isPossible || !mayGoOn, "what was refused is accepted again")
            isPossible = mayGoOn
        }
        try require((isPossible && validator.isComplete) == isValid, "in pieces of \(step): not \(isValid)")
    }
}
