package import NIOCore

/// What the disk is asked for, and what it says.
extension SpooledStore {
    package func takeRequests() -> [SpoolRequest] {
        guard !requests.isEmpty else { return [] }
        defer { requests = [] }
        return requests
    }

    package func committed(_ ticket: Int64) {
        while let write = writes.first, write.ticket <= ticket {
            writes.removeFirst()
            add(-write.count, -write.bytes, to: &writing)
            if !write.isInHead { add(-write.count, -write.bytes, to: &writingOnly) }
            committedThrough = max(committedThrough, write.last)
        }
        securedTicket = max(securedTicket, ticket)
        if !earlyRemovals.isEmpty {
            let removals = earlyRemovals
            earlyRemovals = []
            for removal in removals {
                disk.bytes += removal.bytes
                remove(
                    removal.first,
                    removal.last,
                    ticket: removal.ticket,
                    bytes: removal.bytes,
                    settled: removal.settled
                )
            }
        }
        readAhead()
    }

    package func removed(_ settled: Int) { window.removed(settled) }

    package func received(_ page: SpoolPage, now: NIODeadline) -> Int {
        guard let asked = reading else { return 0 }
        reading = nil
        // What was on its way when everything was removed.
        guard page.last > loaded || page.batch.isEmpty else { return 0 }
        let before = head.bytes
        head.append(page.batch, in: 0..<page.batch.count)
        for run in page.runs { join(Run(first: run.first, count: run.count, ticket: 0)) }
        let missing = asked.count - page.batch.count
        // Should the file hold more than it says, it is delivered too.
        restored += max(0, -missing)
        unloaded.count -= min(page.batch.count, asked.count)
        unloaded.bytes -= head.bytes - before
        loaded = max(loaded, page.isEnd ? asked.through : page.last)
        for number in page.damaged { remove(number, number, ticket: 0, bytes: 0) }
        let lost = max(0, page.isEnd ? missing : min(missing, page.damaged.count))
        unloaded.count -= lost
        if unloaded.count == 0 { unloaded.bytes = 0 }
        readAhead()
        return lost
    }

    package func readFailed() {
        reading = nil
        readsAreHeld = true
    }

    package func lostFile() -> Int {
        reading = nil
        let lost = readable
        unloaded.count -= lost
        unloaded.bytes = writingOnly.bytes
        loaded = max(loaded, committedThrough)
        disk = writing
        for removal in earlyRemovals { disk.bytes -= removal.bytes }
        for index in runs.indices where runs[index].ticket.map({ $0 <= securedTicket }) == true {
            runs[index].ticket = nil
        }
        // What counts as accepted has to be in the new one.
        if level == .always { park() }
        return lost
    }

    package func diskFails(_ isFailing: Bool) {
        self.isFailing = isFailing
        readsAreHeld = false
        readAhead()
    }

    package func park() {
        var run = runs.startIndex
        var skip = 0
        let held = head.everything()
        for batch in held {
            var position = 0
            while position < batch.count, run != runs.endIndex {
                let size = min(batch.count - position, runs[run].count - skip)
                if runs[run].ticket == nil {
                    let range = position..<position + size
                    let bytes = batch.entries[range].reduce(0) { $0 + $1.queueCost }
                    write(batch, range, first: runs[run].first + Int64(skip), bytes: bytes, isInHead: true)
                }
                position += size
                skip += size
                if skip == runs[run].count {
                    // The last of its writes.
                    if runs[run].ticket == nil { runs[run].ticket = lastTicket }
                    run = runs.index(after: run)
                    skip = 0
                }
            }
        }
    }
}
