import CLinux
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How old a message is that a former run received, whatever happened to the wall clock since.
///
/// Within one boot the kernel's boot clock tells, which nobody can set. Over a reboot only the wall clock can; it is
/// believed when the kernel says that it is synchronised and it is not behind what it already was. Else a message is
/// as old as it is at least: a message never expires because a clock was wrong at boot.
package struct ReceiptClock: Sendable, Hashable {
    /// What the clocks show.
    package struct Reading: Sendable, Hashable {
        /// Milliseconds.
        package var sinceBoot: Int64
        package var sinceEpoch: Int64
        package var isSynchronised: Bool

        package init(sinceBoot: Int64, sinceEpoch: Int64, isSynchronised: Bool) {
            self.sinceBoot = sinceBoot
            self.sinceEpoch = sinceEpoch
            self.isSynchronised = isSynchronised
        }
    }

    /// The present boot's number in the spool.
    var boot: UInt32
    /// The last that the spool knows of former boots.
    var newest: SpoolRecord.Receipt?

    /// In milliseconds, never negative.
    func age(of receipt: SpoolRecord.Receipt, at now: Reading) -> Int64 {
        if receipt.boot == boot { return max(0, now.sinceBoot - receipt.sinceBoot) }
        if now.isSynchronised, now.sinceEpoch >= (newest?.sinceEpoch ?? 0) {
            return max(0, now.sinceEpoch - receipt.sinceEpoch)
        }
        var atLeast = now.sinceBoot
        if let newest, newest.boot == receipt.boot { atLeast += max(0, newest.sinceBoot - receipt.sinceBoot) }
        return max(0, atLeast)
    }

    func receipt(age: Int64, at now: Reading) -> SpoolRecord.Receipt {
        SpoolRecord.Receipt(boot: boot, sinceBoot: now.sinceBoot - age, sinceEpoch: now.sinceEpoch - age)
    }
}

extension ReceiptClock.Reading {
    package static func now() -> ReceiptClock.Reading {
        #if canImport(Darwin)
            let clock = CLOCK_MONOTONIC
            let isSynchronised = true
        #else
            let clock = CLOCK_BOOTTIME
            var state = timex()
            let isSynchronised = adjtimex(&state) != TIME_ERROR
        #endif
        return ReceiptClock.Reading(
            sinceBoot: milliseconds(clock),
            sinceEpoch: milliseconds(CLOCK_REALTIME),
            isSynchronised: isSynchronised
        )
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
