import NIOCore

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// However long a server wants us to stay away, we come back after an hour.
    static let limit = TimeAmount.hours(1)

    /// How long to wait, from 0 to an hour; `nil` for what is neither seconds nor a date.
    ///
    /// `now` is the wall clock's, in seconds since 1970.
    static func parse(_ text: String, now: Int64) -> TimeAmount? {
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            guard let seconds = Int64(text) else { return limit }
            return bounded(seconds)
        }
        return HTTPDate.seconds(text).map { bounded($0 - now) }
    }

    private static func bounded(_ seconds: Int64) -> TimeAmount {
        .seconds(min(max(0, seconds), limit.nanoseconds / 1_000_000_000))
    }
}

/// A date in HTTP's preferred form: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
enum HTTPDate {
    /// Seconds since 1970.
    static func seconds(_ text: String) -> Int64? {
        let fields = text.split(separator: " ")
        guard fields.count == 6, fields[0].hasSuffix(","), fields[5] == "GMT",
            let day = number(fields[1], in: 1...31), let year = number(fields[3], in: 1970...9999),
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .firstIndex(of: String(fields[2]))
        else { return nil }
        let time = fields[4].split(separator: ":")
        guard time.count == 3, let hour = number(time[0], in: 0...23), let minute = number(time[1], in: 0...59),
            let second = number(time[2], in: 0...60)
        else { return nil }
        return daysSince1970(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3600 + minute * 60
            + second
    }

    private static func number(_ text: Substring, in range: ClosedRange<Int64>) -> Int64? {
        Int64(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// In the Gregorian calendar, with years that begin in March, so that the leap day is a year's last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let monthsSinceMarch = (month + 9) % 12
        let dayOfYear = (153 * monthsSinceMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
