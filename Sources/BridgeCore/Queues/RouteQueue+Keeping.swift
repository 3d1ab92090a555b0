/// What becomes of messages that the sink doesn't take at once: kept, refused, or others let go for them, as the policy
/// says.
extension RouteQueue {
    /// The policy in effect: the sink's absence may have a rule of its own.
    var whenFull: QueuePolicy.WhenFull {
        guard awayReason != nil, let whenAway = policy.whenAway else { return policy.whenFull }
        return whenAway
    }

    func keep(_ batch: MessageBatch, in range: Range<Int>) {
        switch whenFull {
        case .block:
            store.append(batch, in: range)
            applyWaterMarks()
        case .dropNewest:
            var room = store.room(policy)
            var end = range.lowerBound
            if store.isEmpty {
                // One message is always taken: a larger one than the bound would never pass.
                room -= batch.entries[end].queueCost
                end += 1
            }
            while end < range.upperBound, batch.entries[end].queueCost <= room {
                room -= batch.entries[end].queueCost
                end += 1
            }
            store.append(batch, in: range.lowerBound..<end)
            refuse(batch, in: end..<range.upperBound, because: reasonWhenFull)
        case .dropOldest, .conflate:
            if let spooling, spooling.isFailing, spooling.isClogged {
                return refuse(batch, in: range, because: reasonWhenFull)
            }
            store.append(batch, in: range)
            countConflated()
        }
    }

    var reasonWhenFull: DropReason { spooling?.isFailing == true ? .spoolFailed : awayReason ?? .queueFull }

    func countConflated() {
        let conflated = store.takeConflated()
        answer(conflated.requests, .dropped(DropReason.conflated.rawValue))
        drop(conflated.count, because: .conflated)
    }

    /// Drops the oldest waiting messages until the bound holds or one is left, where the policy says so.
    func trim() {
        guard whenFull == .dropOldest || whenFull == .conflate else { return }
        let reason = awayReason ?? .queueFull
        var dropped = 0
        while store.isOver(policy), dropOldestWaiting(telling: reason.rawValue) { dropped += 1 }
        drop(dropped, because: reason)
    }

    /// What was in flight waits again.
    func rewind() {
        let back = store.inFlight
        store.rewind()
        countConflated()
        trim()
        tellWaiting(at: 0..<back)
    }

    // MARK: How full it is

    func applyWaterMarks() {
        if isFull {
            guard !isBlocking else { return }
            isBlocking = true
            gate?.queueFilled(self)
        } else if isBlocking, hasRoom {
            isBlocking = false
            gate?.queueDrained(self)
        }
    }

    /// Whether the source has to wait.
    ///
    /// A disk that is slower than the feed, but works, is waited for whatever the policy: there is room.
    private var isFull: Bool {
        whenFull == .block ? store.isHigh(policy) : spooling.map { $0.isClogged && !$0.isFailing } ?? false
    }

    private var hasRoom: Bool {
        whenFull == .block ? store.isLow(policy) : spooling.map { $0.isCaughtUp || $0.isFailing } ?? true
    }

    // MARK: Out, undelivered

    /// The oldest waiting message goes, its sender told why; false when none waits.
    func dropOldestWaiting(telling reason: String) -> Bool {
        let requests = requests(at: store.inFlight..<store.inFlight + 1)
        guard store.dropOldestWaiting() else { return false }
        answer(requests, .dropped(reason))
        return true
    }

    /// Everything goes, each sender told why.
    func removeAll(because reason: DropReason) {
        let requests = requests(at: 0..<store.count)
        store.removeAll()
        answer(requests, .dropped(reason.rawValue))
    }
}
