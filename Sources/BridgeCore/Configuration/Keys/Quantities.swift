/// A number with a unit: durations `250ms 10s 5m 1h`, sizes `512B 64KiB 16MiB 1GiB`.
struct Quantity {
    struct Unit: Sendable {
        var name: String
        /// How much one is, in the smallest unit.
        var factor: Int
        /// What else people write for it.
        var synonyms: [String]
    }

    enum Problem: Error, Equatable {
        case noNumber
        case fraction
        case noUnit(number: String)
        case unknownUnit(suggestion: String?)
        case tooLarge
    }

    static let durations: [Unit] = [
        Unit(name: "ms", factor: 1, synonyms: ["msec", "msecs", "millis", "milliseconds"]),
        Unit(name: "s", factor: 1000, synonyms: ["sec", "secs", "second", "seconds"]),
        Unit(name: "m", factor: 60_000, synonyms: ["min", "mins", "minute", "minutes"]),
        Unit(name: "h", factor: 3_600_000, synonyms: ["hr", "hrs", "hour", "hours"]),
    ]

    static let sizes: [Unit] = [
        Unit(name: "B", factor: 1, synonyms: ["byte", "bytes"]),
        Unit(name: "KiB", factor: 1 << 10, synonyms: ["k", "kb", "ki"]),
        Unit(name: "MiB", factor: 1 << 20, synonyms: ["m", "mb", "mi"]),
        Unit(name: "GiB", factor: 1 << 30, synonyms: ["g", "gb", "gi"]),
    ]

    /// In the smallest of the units.
    ///
    /// A bare zero needs none.
    static func parse(_ text: String, units: [Unit]) -> Result<Int, Problem> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unitText = text.dropFirst(digits.count)
        guard !digits.isEmpty else { return .failure(.noNumber) }
        if unitText.hasPrefix(".") { return .failure(.fraction) }
        guard let number = Int(digits) else { return .failure(.tooLarge) }
        if unitText.isEmpty {
            return number == 0 ? .success(0) : .failure(.noUnit(number: String(digits)))
        }
        guard let unit = units.first(where: { $0.name == unitText }) else {
            let word = unitText.drop { $0 == " " || $0 == "_" }.lowercased()
            let meant = units.first { $0.name.lowercased() == word || $0.synonyms.contains(word) }
            return .failure(.unknownUnit(suggestion: meant.map { digits + $0.name }))
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? .failure(.tooLarge) : .success(value)
    }

    /// With the largest unit that needs no fraction.
    static func text(_ value: Int, units: [Unit]) -> String {
        guard value != 0 else { return "0" }
        let unit = units.last { value % $0.factor == 0 && value >= $0.factor } ?? units[0]
        return "\(value / unit.factor)\(unit.name)"
    }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
