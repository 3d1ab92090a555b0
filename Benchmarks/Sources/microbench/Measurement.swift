/// What a step costs.
struct Measurement {
    /// Nanoseconds an operation, in the best round.
    var fastest: Double
    /// Nanoseconds an operation, in the median round.
    var median: Double
    /// Payload bytes a nanosecond, in the median round.
    var gigabytesPerSecond: Double

    static let heading = columns("step", "ns/op", "fastest", "GB/s")

    func line(named name: String) -> String {
        Self.columns(name, Self.fixed(median), Self.fixed(fastest), Self.fixed(gigabytesPerSecond))
    }

    func ratio(to other: Measurement) -> String { Self.fixed(median / other.median) }

    private static func columns(_ name: String, _ numbers: String...) -> String {
        name + String(repeating: " ", count: max(1, 40 - name.count))
            + numbers.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
    }

    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
