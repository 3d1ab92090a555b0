import NIOCore
import WSClient

/// Turns what happens to one connection into its status topics.
///
/// Used on the gateway's event loop only.
final class ConnectionReporter {
    private let connection: String
    private let publisher: StatusPublisher?
    private let eventLoop: any EventLoop
    /// Hides secrets in messages.
    private(set) var redactor: Redactor
    private var sequence = 0
    private var lastSent = LastMessage()
    private var lastReceived = LastMessage()
    /// A queue may fill and drain many times a second.
    private var throttlePace = Pace()
    private var toldState: String?

    private enum Direction {
        case sent
        case received
    }

    init(connection: String, publisher: StatusPublisher?, redactor: Redactor, eventLoop: any EventLoop) {
        self.connection = connection
        self.publisher = publisher
        self.redactor = redactor
        self.eventLoop = eventLoop
    }

    /// Secrets that came after the start: they are hidden in messages from now on.
    func hide(_ secrets: [String]) {
        redactor.hide(secrets)
    }

    var lastSentPayload: LastMessagePayload? { lastSent.payload(hiding: redactor) }
    var lastReceivedPayload: LastMessagePayload? { lastReceived.payload(hiding: redactor) }

    func changed(to status: ConnectionStatusPayload) {
        guard let publisher else { return }
        if status.state != toldState {
            toldState = status.state
            publisher.set(publisher.topics.state(of: connection), ByteBuffer(string: status.state))
        }
        publisher.set(publisher.topics.connectionStatus(of: connection), StatusEncoder.json(status))
    }

    /// Other queues than before keep the connection from being read; `publish` says so, in its time.
    func throttleChanged(_ publish: @escaping () -> Void) {
        switch throttlePace.changed(now: .now()) {
        case .publish: publish()
        case .schedule(let delay):
            eventLoop.assumeIsolated().scheduleTask(in: delay) {
                self.throttlePace.timerFired(now: .now())
                publish()
            }
        case .doNothing: break
        }
    }

    /// Publishes the last messages that still wait for their second to pass: the gateway stops.
    func flush() {
        if lastSent.isWaiting { publish(.sent) }
        if lastReceived.isWaiting { publish(.received) }
    }

    func triggered(_ trigger: Trigger) {
        sequence += 1
        guard let publisher else { return }
        let payload = ConnectionEventPayload(
            connection: connection,
            at: Timestamp.now().description,
            sequence: sequence
        )
        publisher.event(publisher.topics.event(trigger, of: connection), StatusEncoder.json(payload))
    }

    /// The next connection took over from the one whose token expires then.
    func renewed(before expiry: Timestamp?) {
        sequence += 1
        guard let publisher else { return }
        var payload = ConnectionEventPayload(
            connection: connection,
            at: Timestamp.now().description,
            sequence: sequence
        )
        payload.renewed = true
        payload.reason = "renewed the connection" + (expiry.map { ": token expires at \($0)" } ?? "")
        publisher.event(publisher.topics.event(.established, of: connection), StatusEncoder.json(payload))
    }

    func disconnected(reason: String?, closeCode: Int?, wasEstablished: Bool) {
        sequence += 1
        guard let publisher else { return }
        let payload = DisconnectedEventPayload(
            connection: connection,
            at: Timestamp.now().description,
            sequence: sequence,
            reason: reason,
            closeCode: closeCode,
            wasEstablished: wasEstablished
        )
        publisher.event(publisher.topics.event(.disconnected, of: connection), StatusEncoder.json(payload))
    }

    func received(_ payload: UnsafeRawBufferPointer, kind: MessageKind) {
        act(on: lastReceived.noted(payload, kind: kind, now: .now()), .received)
    }

    func sent(_ payload: UnsafeRawBufferPointer, kind: MessageKind) {
        act(on: lastSent.noted(payload, kind: kind, now: .now()), .sent)
    }

    private func act(on action: Pace.Action, _ direction: Direction) {
        switch action {
        case .publish: publish(direction)
        case .schedule(let delay):
            eventLoop.assumeIsolated().scheduleTask(in: delay) {
                switch direction {
                case .sent: self.lastSent.timerFired(now: .now())
                case .received: self.lastReceived.timerFired(now: .now())
                }
                self.publish(direction)
            }
        case .doNothing: break
        }
    }

    private func publish(_ direction: Direction) {
        guard let publisher else { return }
        let (topic, payload) =
            switch direction {
            case .sent: (publisher.topics.lastSent(of: connection), lastSentPayload)
            case .received: (publisher.topics.lastReceived(of: connection), lastReceivedPayload)
            }
        guard let payload else { return }
        publisher.set(topic, StatusEncoder.json(payload), qos: 0)
    }
}
