import Logging
import NIOCore

/// Answers the requests that came by one broker, where the allow-list lets it.
///
/// Used on the gateway's event loop only.
final class Responder {
    let broker: any Broker
    private let topics: ResponseTopics
    private let log: Logger
    /// Counts what is not answered.
    var rejected: ((RejectReason) -> Void)?
    var isConnected = false
    var hasEnded = false
    var waiting: [StatusMessage] = []
    var waitingBytes = 0

    init(broker: any Broker, topics: ResponseTopics, log: Logger) {
        self.broker = broker
        self.topics = topics
        var log = log
        log[metadataKey: "broker"] = "\(broker.name)"
        self.log = log
    }

    /// Whether an answer may go there; a refusal is counted.
    func admits(_ address: ResponseAddress) -> Bool {
        guard let refusal = topics.refusal(of: address) else { return true }
        log.warning("a request is not answered on '\(address.topic)': \(refusal)")
        rejected?(.responseRefused)
        return false
    }

    /// Answers on a topic that was admitted.
    func answer(_ answer: RequestAnswer, to address: ResponseAddress) {
        var message = StatusMessage(
            topic: address.topic,
            payload: ByteBuffer(string: answer.description),
            qos: address.qos,
            retain: false
        )
        message.correlation = address.correlation
        if !deliver(message) { rejected?(.responseLost) }
    }
}
