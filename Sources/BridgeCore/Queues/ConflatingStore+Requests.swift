import NIOCore

/// Whose messages were replaced, and the requests among those that are held.
extension ConflatingStore {
    package func takeConflated() -> (count: Int, requests: [ResponseAddress]) {
        defer { conflated = (0, []) }
        return conflated
    }

    /// A newer one of its key takes its place.
    func noteConflated(_ slot: Slot) {
        conflated.count += 1
        if let request = slot.request { conflated.requests.append(request) }
    }

    /// A newer one of its key came before it could go again.
    func buryConflated(_ index: CircularBuffer<Slot>.Index, settled: Int = 0) {
        noteConflated(slots[index])
        bury(index, settled: settled)
    }

    package func requests(at places: Range<Int>) -> [ResponseAddress] {
        indices(at: places).compactMap { slots[$0].request }
    }

    package func tellRequests(at places: Range<Int>) -> [ResponseAddress] {
        indices(at: places).compactMap { index in
            guard slots[index].entry.tellsItsSender else { return nil }
            slots[index].entry.flags.insert(.isToldQueued)
            return slots[index].request
        }
    }

    /// Where these places lie; what a former run left and is not loaded yet stands before all.
    private func indices(at places: Range<Int>) -> [CircularBuffer<Slot>.Index] {
        var place = notLoaded
        var found: [CircularBuffer<Slot>.Index] = []
        for index in slots.indices where slots[index].isLive {
            if place >= places.upperBound { break }
            if place >= places.lowerBound { found.append(index) }
            place += 1
        }
        return found
    }
}
