/// What requesters are told of their messages in the queue.
///
/// The messages themselves say whom to tell. Without a responder nobody asks them.
extension RouteQueue {
    /// Answers requests from now on: a message's end is known, because the sink settles each in its order.
    func answerRequests(by responder: any RequestAnswering) {
        assert(sink.settlesLater, "a sink that settles at once may never have a message in the queue")
        self.responder = responder
    }

    /// The same batch, in which only those are requests that may be answered.
    func admitted(_ batch: MessageBatch) -> MessageBatch {
        guard let responder, batch.entries.contains(where: { $0.flags.contains(.isRequest) }) else { return batch }
        var batch = batch
        for index in batch.entries.indices {
            guard let address = batch.response(at: index), responder.admits(address) else {
                batch.entries[index].flags.remove(.isRequest)
                continue
            }
        }
        return batch
    }

    /// What comes back from the disk: its senders have been told that it waits.
    func restored(_ batch: MessageBatch) -> MessageBatch {
        guard responder != nil else { return batch }
        var batch = admitted(batch)
        for index in batch.entries.indices where batch.entries[index].flags.contains(.isRequest) {
            batch.entries[index].flags.insert(.isToldQueued)
        }
        return batch
    }

    /// The sink took so many of this batch, all of which waited.
    func noteGiven(_ intake: Intake, of batch: MessageBatch) {
        guard let responder, responder.awaitsReplies, store.requestCount > 0 else { return }
        for index in 0..<intake.taken where !intake.doomed.contains(index) {
            if let address = batch.response(at: index) { responder.given(address) }
        }
    }

    /// Messages that the queue doesn't take.
    func refuse(_ batch: MessageBatch, in range: Range<Int>, because reason: DropReason) {
        if responder != nil { answer(range.compactMap(batch.response), .dropped(reason.rawValue)) }
        drop(range.count, because: reason)
    }

    /// Whom to tell of the messages at these places, which are about to leave.
    func requests(at places: @autoclosure () -> Range<Int>) -> [ResponseAddress] {
        responder == nil || store.requestCount == 0 ? [] : store.requests(at: places())
    }

    func answer(_ requests: [ResponseAddress], _ answer: @autoclosure () -> RequestAnswer) {
        guard let responder, !requests.isEmpty else { return }
        let answer = answer()
        for address in requests { responder.answer(answer, to: address) }
    }

    /// Tells those whose messages wait, among these places.
    func tellWaiting(at places: @autoclosure () -> Range<Int>) {
        guard responder != nil, store.requestCount > 0 else { return }
        let waiting = store.inFlight..<store.count
        answer(store.tellRequests(at: places().clamped(to: waiting)), .queued)
    }

    /// Where the newest messages stand, or whatever took the place of another.
    func newest(_ count: Int) -> Range<Int> {
        policy.whenFull == .conflate ? 0..<store.count : max(0, store.count - count)..<store.count
    }
}

extension RequestAnswer {
    init(_ outcome: Outcome) {
        self =
            switch outcome {
            case .delivered: .sent
            case .dropped(let reason): .dropped(reason.rawValue)
            }
    }
}
