import BridgeCore

/// The messages of one topic filter.
///
/// Used on the gateway's event loop only.
final class MQTTSource: AcknowledgingSource {
    let name: String
    weak var client: (any SourceClient)?
    /// Why the topic filter is none.
    var fault: TopicFilterError?
    private weak var broker: MQTTBroker?
    /// The last run that is in every queue at its level.
    private(set) var acceptedThrough: UInt64 = 0
    private var isPaused = false
    private var isStopped = false

    init(_ configuration: MQTTSourceConfiguration, broker: MQTTBroker) {
        name = "mqtt:\(configuration.broker)"
        self.broker = broker
    }

    func accepted(through run: UInt64) {
        acceptedThrough = run
        broker?.sourceAccepted()
    }

    /// The broker connects and subscribes in its own time.
    func start() throws {
        if let fault { throw fault }
    }

    func pause() {
        guard !isPaused, !isStopped else { return }
        isPaused = true
        broker?.sourcePaused()
    }

    func resume() {
        guard isPaused, !isStopped else { return }
        isPaused = false
        broker?.sourceResumed()
    }

    /// The subscription stays: a session keeps what comes meanwhile.
    func stop(completion: @escaping () -> Void) {
        guard !isStopped, let broker else { return completion() }
        isStopped = true
        broker.sourceStopped(completion: completion)
    }
}
