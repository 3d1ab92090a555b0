import BridgeCore
import NIOCore

/// A broker that is as the test says, and keeps what is published.
final class ScriptedBroker: Broker {
    let name: String
    weak var client: (any BrokerClient)?
    private let journal: Journal
    private(set) var published: [StatusMessage] = []
    private(set) var farewell: [StatusMessage] = []
    private(set) var will: StatusMessage?
    private(set) var state = BrokerState.stopped
    /// Whether `stop` ends at once, or never.
    var hangsWhenStopped = false

    init(name: String, journal: Journal = Journal()) {
        self.name = name
        self.journal = journal
    }

    func makeSource(_ configuration: MQTTSourceConfiguration) -> any Source {
        ScriptedSource(name: "mqtt:\(name)", journal: journal)
    }

    func makeSink(_ configuration: MQTTSinkConfiguration, context: TemplateContext) -> any Sink {
        ScriptedSink(name: "mqtt:\(name)", settlesLater: true, journal: journal)
    }

    func carryStatus(will: StatusMessage, commandFilter: String) { self.will = will }

    func start() { journal.note("broker \(name) starts") }

    func publish(_ message: StatusMessage) -> Bool {
        guard case .connected = state else { return false }
        published.append(message)
        return true
    }

    func respond(_ message: StatusMessage) -> Bool { publish(message) }

    func stop(farewell: [StatusMessage], deadline: NIODeadline, completion: @escaping () -> Void) {
        journal.note("broker \(name) stops")
        self.farewell = farewell
        if !hangsWhenStopped { completion() }
    }

    /// Its connection is like this now.
    func becomes(_ state: BrokerState) {
        self.state = state
        client?.broker(name, changedTo: state)
    }

    /// A command arrives.
    func command(
        _ topic: String,
        _ payload: String = "",
        isRetained: Bool = false,
        answerTo response: ResponseAddress? = nil
    ) {
        let payload = ByteBuffer(string: payload)
        let command = BrokerCommand(topic: topic, payload: payload, isRetained: isRetained, response: response)
        client?.broker(name, received: command)
    }

    /// `topic payload` of what was published since the last call; of JSON the topic only.
    func take() -> [String] {
        defer { published = [] }
        return published.map(\.line)
    }
}

extension StatusMessage {
    var text: String { String(buffer: payload) }

    var line: String { text.hasPrefix("{") ? topic : "\(topic) \(text)" }
}
