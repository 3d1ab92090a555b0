/// How much cheaper than NIOWebSocket's decoder ours has to be, measured in the same run.
struct Claim {
    var size: Int
    var least: Double

    static let all = [Claim(size: 64, least: 10), Claim(size: 256, least: 10), Claim(size: 1024, least: 4)]

    /// The claim beside what was measured; `nil` where one of the two wasn't.
    func judged(by measured: [String: Measurement]) -> (line: String, holds: Bool)? {
        // Text, with our check of its UTF-8, which the other leaves out.
        guard let ours = measured["decode text \(size) B"], let theirs = measured["NIOWebSocket decode \(size) B"]
        else { return nil }
        let ratio = theirs.median / ours.median
        let shown = "\(Int(ratio)).\(Int(ratio * 10) % 10)"
        let verdict = ratio >= least ? "pass" : "FAIL"
        return (
            "\(size) B: NIOWebSocket's decoder costs \(shown) times ours, at least \(Int(least)) wanted: \(verdict)",
            ratio >= least
        )
    }
}
