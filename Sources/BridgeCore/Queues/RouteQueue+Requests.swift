/// What requesters are told of their messages in the queue.
extension RouteQueue {
    /// Answers requests from now on: a message's end is known, because the sink settles each in its order.
    func answerRequests(by responder: any RequestAnswering) {
        assert(sink.settlesLater, "a sink that settles at once may never have a message in the queue")
        self.responder = responder
    }

    /// The range of the batch, or what of it the queue kept, stands in the queue from this place on.
    func noteRequests(of batch: MessageBatch, in range: Range<Int>, keptTo end: Int, at place: Int) {
        guard let responder, !batch.requests.isEmpty else { return }
        for index in range {
            guard let address = batch.request(at: index), responder.admits(address) else { continue }
            if index >= end {
                responder.answer(.dropped(reasonWhenFull.rawValue), to: address)
            } else if policy.whenFull == .conflate || !requests.append(address, at: place + index - range.lowerBound) {
                // Its end will not be known.
                responder.answer(
                    responder.awaitsReplies ? .dropped(Unanswered.tooManyRequests.rawValue) : .queued,
                    to: address
                )
            }
        }
    }

    /// The sink took so many of what waits.
    func noteGiven(_ intake: Intake) {
        guard !requests.isEmpty, let responder, responder.awaitsReplies else { return }
        for (index, address) in requests.requests(in: store.inFlight..<store.inFlight + intake.taken)
        where !intake.doomed.contains(index) {
            responder.given(address)
        }
    }

    /// A batch that the queue doesn't take at all.
    func refuseRequests(of batch: MessageBatch, because reason: DropReason) {
        guard let responder, !batch.requests.isEmpty else { return }
        for index in batch.entries.indices {
            guard let address = batch.request(at: index), responder.admits(address) else { continue }
            responder.answer(.dropped(reason.rawValue), to: address)
        }
    }

    /// The queue's first messages left it.
    func answerFirst(_ count: Int, _ outcome: Outcome) {
        guard !requests.isEmpty else { return }
        let answer: RequestAnswer =
            switch outcome {
            case .delivered: .sent
            case .dropped(let reason): .dropped(reason.rawValue)
            }
        for address in requests.firstLeft(count) { responder?.answer(answer, to: address) }
    }

    /// The oldest message that is not in flight left it.
    func answerOldestWaiting(_ reason: String) {
        guard !requests.isEmpty, let address = requests.left(at: store.inFlight) else { return }
        responder?.answer(.dropped(reason), to: address)
    }

    /// Everything left it.
    func answerAll(_ reason: DropReason) {
        for address in requests.removeAll() { responder?.answer(.dropped(reason.rawValue), to: address) }
    }

    /// Nobody knows which of the messages are gone: their senders were told that they are queued, and no more.
    func forgetRequests() { _ = requests.removeAll() }

    /// Tells those whose messages wait.
    func answerWaiting() {
        guard !requests.isEmpty else { return }
        for address in requests.tellWaiting(from: store.inFlight) { responder?.answer(.queued, to: address) }
    }
}
