import Logging
import NIOCore

/// A queue's part in the spool.
extension RouteQueue {
    /// Whether what is left at the end stays on disk.
    package var isSpooled: Bool { spooling != nil }

    /// What the spool has of it.
    var spooled: SpooledStats? {
        spooling.map { SpooledStats(bytes: $0.diskBytes, unwritten: $0.writingCount) }
    }

    /// Whether a message counts as accepted only when it is on disk.
    var isAlways: Bool { spooling?.isAlways == true }

    /// Where the last message stands that it took, and the last that is secured.
    var lastMark: Int64 { spooling?.lastTicket ?? 0 }
    var securedMark: Int64 {
        guard let spooling else { return 0 }
        // Whoever lets messages go when there is no room doesn't wait for a disk that refuses.
        return spooling.isFailing && whenFull != .block ? spooling.lastTicket : spooling.securedTicket
    }

    /// Has everything written that memory alone holds.
    func park() {
        guard let spooling else { return }
        close()
        spooling.park()
        ask()
    }

    /// Counts what could not be written until now as lost, for whoever stops it to say; returns how many stay in the spool.
    func finishParking() -> (kept: Int, lost: Int) {
        guard let spooling else { return (0, 0) }
        isAbandoned = true
        unwritten = min(spooling.writingCount, store.count)
        balance.drop(unwritten, because: .spoolFailed)
        return (store.count - unwritten, unwritten)
    }
}

/// What the spool says.
extension RouteQueue: SpoolClient {
    package func spoolCommitted(_ ticket: Int64) {
        spooling?.committed(ticket)
        afterSpool()
        gate?.queueSecured(self)
    }

    package func spoolRemoved(_ settled: Int) {
        spooling?.removed(settled)
        afterSpool()
    }

    package func spoolBrought(_ page: SpoolPage) {
        var page = page
        page.batch = restored(page.batch)
        let lost = spooling?.received(page, now: now()) ?? 0
        balance.restored = spooling?.restored ?? 0
        countConflated()
        if lost > 0 {
            log.error(
                "\(lost) messages in the spool are damaged and can't be delivered",
                metadata: ["route": "\(route)", "sink": "\(sink.name)"]
            )
        }
        drop(lost, because: .spoolFailed)
        afterSpool()
    }

    package func spoolCouldNotRead() {
        spooling?.readFailed()
    }

    package func spoolLostFile() {
        let lost = spooling?.lostFile() ?? 0
        // What was to stay has to be in the new one.
        if isClosed { spooling?.park() }
        drop(lost, because: .spoolFailed)
        countConflated()
        afterSpool()
    }

    package func spoolFails(_ isFailing: Bool) {
        spooling?.diskFails(isFailing)
        afterSpool()
        if isFailing { gate?.queueSecured(self) }
    }

    private func afterSpool() {
        guard !isAbandoned else { return }
        offerKept()
        trim()
        applyWaterMarks()
        ask()
        checkInvariants()
    }
}
