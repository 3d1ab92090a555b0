package import NIOCore

/// What the disk is asked for, and what it says.
extension ConflatingStore {
    package func takeRequests() -> [SpoolRequest] {
        guard !requests.isEmpty else { return [] }
        defer { requests = [] }
        return requests
    }

    package func committed(_ ticket: Int64) {
        securedTicket = max(securedTicket, ticket)
        while let write = writing.first, write.ticket <= ticket {
            writing.removeFirst()
            writingBytes -= write.bytes
        }
        if writingBytes <= Self.writingLimit / 2 { writeWhatIsDue() }
        // What was due may have left meanwhile.
        if writing.isEmpty { securedTicket = given }
        let removals = earlyRemovals
        earlyRemovals = []
        for removal in removals {
            remove(removal.number, ticket: removal.ticket, bytes: removal.bytes, settled: removal.settled)
        }
    }

    package func removed(_ settled: Int) { window.removed(settled) }

    func load() {
        requests.append(
            .read(
                after: loadedThrough,
                through: firstNew - 1,
                messages: SpooledStore.pageMessages,
                bytes: SpooledStore.pageBytes
            )
        )
    }

    package func received(_ page: SpoolPage, now: NIODeadline) -> Int {
        guard isLoading else { return 0 }
        page.batch.withUnsafeBytes { all in
            var index = 0
            for run in page.runs {
                for offset in 0..<run.count where run.first + Int64(offset) < firstNew {
                    let payload = UnsafeRawBufferPointer(rebasing: all[page.batch.entries[index].payload])
                    var slot = Self.slot(
                        page.batch,
                        index,
                        all,
                        key: conflation.key(of: payload),
                        number: run.first + Int64(offset)
                    )
                    slot.isOnDisk = true
                    slot.writtenCost = slot.entry.queueCost
                    restoredSlots.append(slot)
                    index += 1
                }
            }
        }
        for number in page.damaged where number < firstNew {
            requests.append(.remove(first: number, last: number, bytes: 0, settled: 0))
        }
        loadedThrough = page.last
        guard page.isEnd || page.last >= firstNew - 1 else {
            load()
            return 0
        }
        let lost = max(0, notLoaded - restoredSlots.count)
        // Should the file hold more than it says, it is delivered too.
        restored = max(restored, restoredSlots.count)
        merge()
        return lost
    }

    /// Puts what a former run left before what came meanwhile.
    func merge() {
        isLoading = false
        notLoaded = 0
        for slot in restoredSlots { enter(slot) }
        slots = CircularBuffer(restoredSlots + slots)
        restoredSlots = []
        places = [:]
        // From the newest back: the first of its key that is met stays.
        for (offset, index) in slots.indices.enumerated().reversed() where slots[index].isLive {
            guard let key = slots[index].key else { continue }
            if places[key] == nil {
                places[key] = left + offset
            } else {
                buryConflated(index)
            }
        }
        settled(0)
    }

    package func readFailed() { loadIsHeld = isLoading }

    package func lostFile() -> Int {
        let lost = notLoaded
        loadIsHeld = false
        for index in slots.indices where slots[index].ticket <= securedTicket {
            slots[index].isOnDisk = false
            slots[index].writtenCost = 0
        }
        diskBytes = earlyRemovals.reduce(0) { $0 + $1.bytes }
        for slot in slots where slot.isLive && slot.isOnDisk { diskBytes += slot.writtenCost }
        if isLoading {
            for index in restoredSlots.indices {
                restoredSlots[index].isOnDisk = false
                restoredSlots[index].writtenCost = 0
            }
            let missing = lost - restoredSlots.count
            merge()
            if isAlways { park() }
            return max(0, missing)
        }
        // What counts as accepted has to be in the new one.
        if isAlways { park() }
        return 0
    }

    package func diskFails(_ isFailing: Bool) {
        self.isFailing = isFailing
        guard loadIsHeld else { return }
        loadIsHeld = false
        load()
    }

    package func park() {
        guard level != nil else { return }
        for index in slots.indices where slots[index].isLive && (!slots[index].isOnDisk || slots[index].isNewer) {
            write(index)
        }
    }
}
