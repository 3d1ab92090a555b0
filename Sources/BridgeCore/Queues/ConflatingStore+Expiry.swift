package import NIOCore

/// What has waited too long. A newer message stands where the older one of its key stood, so the oldest can stand anywhere.
extension ConflatingStore {
    package func ageOfOldestWaiting(now: NIODeadline) -> Int64? {
        guard !isLoading else { return nil }
        return slots.lazy.filter(\.isLive).dropFirst(inFlight).map(\.receipt).min().map { Self.milliseconds(now) - $0 }
    }

    package func dropExpired(ttl: Int64, now: NIODeadline) -> (count: Int, requests: [ResponseAddress]) {
        let now = Self.milliseconds(now)
        guard !isLoading, waitingCount > 0, earliest == .min || now - earliest >= ttl else { return (0, []) }
        var expired: (count: Int, requests: [ResponseAddress]) = (0, [])
        earliest = .max
        var inFlightSeen = 0
        var staying = 0
        for (offset, index) in slots.indices.enumerated() where slots[index].isLive {
            guard inFlightSeen == inFlight else {
                inFlightSeen += 1
                continue
            }
            let slot = slots[index]
            guard now - slot.receipt >= ttl else {
                earliest = min(earliest, slot.receipt)
                staying += 1
                continue
            }
            if let key = slot.key, places[key] == left + offset { places[key] = nil }
            if let request = slot.request { expired.requests.append(request) }
            expired.count += 1
            bury(index, settled: window.droppedWaiting(behind: staying))
        }
        settled(0)
        compact()
        return expired
    }

    static func milliseconds(_ moment: NIODeadline) -> Int64 { Int64(moment.uptimeNanoseconds / 1_000_000) }
}
