package import BridgeCore
package import Logging
package import NIOCore
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One MQTT connection: the event loop's side of a broker's thread.
///
/// Used on the gateway's event loop only.
package final class MQTTBroker: Broker {
    /// Status messages under way at most; the core keeps what is not taken.
    static let mostStatusMessages = 4096
    /// Answers are taken while fewer are under way: whoever asks can't crowd the status out.
    static let mostStatusMessagesBesideAnswers = 3072
    /// Bytes of answers under way at most; a larger one goes alone.
    static let mostAnswerBytes = 4 << 20

    package let name: String
    package weak var client: (any BrokerClient)?
    let eventLoop: any EventLoop
    private let logger: Logger
    private let readSecret: @Sendable (Secret) throws -> String
    private var settings: BrokerSettings
    /// Asks for the addresses of a host; another one in tests.
    var lookup = BrokerAddresses.system
    private var sinks: [MQTTSink] = []
    private var sources: [MQTTSource] = []
    private var handOver: HandOver?
    private(set) var state = BrokerState.stopped
    /// Of the connection that stands; `nil` while none does.
    private var epoch: UInt32?
    private var statusMessages = 0
    private var answerBytes = 0
    private var pausers = 0
    private var activeSources = 0
    /// Told when the thread has nothing more on its way to any source.
    private var closeCompletions: [() -> Void] = []
    private var areSourcesClosed = false
    private var interruption: RepeatedTask?
    private var stopDeadline: Scheduled<Void>?
    private var stopCompletions: [() -> Void] = []
    private var isStopping = false
    private var unaccepted = CircularBuffer<UnacceptedRun>()
    private var refusal: Scheduled<Void>?

    /// A run of reads that some source's queues don't have at their level yet.
    private struct UnacceptedRun {
        var run: UInt64
        var sources: [Int]
    }

    /// `readSecret` reads a secret's value; it is called on the broker's thread at each connect.
    package init(
        configuration: BrokerConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        readSecret: @escaping @Sendable (Secret) throws -> String
    ) {
        name = configuration.name
        settings = BrokerSettings(configuration: configuration)
        self.eventLoop = eventLoop
        self.readSecret = readSecret
        var logger = logger
        logger[metadataKey: "broker"] = "\(configuration.name)"
        self.logger = logger
    }

    // MARK: Before the start

    package func makeSource(_ configuration: MQTTSourceConfiguration) -> any Source {
        let source = MQTTSource(configuration, broker: self)
        do throws(TopicFilterError) {
            let filter = try TopicFilter(configuration.topicFilter)
            settings.subscriptions.add(
                filter,
                qos: min(configuration.qos, 1),
                source: sources.count,
                allowsEcho: configuration.allowEcho
            )
        } catch {
            source.fault = error
        }
        sources.append(source)
        settings.sourceCount = sources.count
        activeSources = sources.count
        return source
    }

    package func makeSink(_ configuration: MQTTSinkConfiguration, context: TemplateContext) -> any Sink {
        let sink = MQTTSink(
            configuration,
            context: context,
            index: sinks.count,
            maxInflight: settings.configuration.maxInflight,
            logger: logger
        )
        sink.broker = self
        sinks.append(sink)
        settings.sinks.append(sink.settings)
        return sink
    }

    package func carryStatus(will: StatusMessage, commandFilter: String) {
        settings.will = will
        do throws(TopicFilterError) {
            settings.subscriptions.addCommands(try TopicFilter(commandFilter), qos: 1)
        } catch {
            logger.error("commands can't be subscribed to: \(error)")
        }
    }

    // MARK: Life

    package func start() {
        guard handOver == nil else { return }
        warnOfPlaintextPassword()
        MosquittoLibrary.initialise()
        do throws(ConnectionFailure) {
            let handOver = try HandOver()
            self.handOver = handOver
            try startThread(handOver)
            state = .connecting
        } catch {
            logger.error("the broker's thread could not be started: \(error.reason)")
            change(.backoff(reason: error.reason, next: .distantFuture))
        }
    }

    private func warnOfPlaintextPassword() {
        let configuration = settings.configuration
        guard configuration.password != nil, !configuration.isSecure, !HostName.isLoopback(configuration.host) else {
            return
        }
        logger.warning("the password for \(configuration.host) goes over the network in the clear: use mqtts")
    }

    private func startThread(_ handOver: HandOver) throws(ConnectionFailure) {
        let settings = settings
        let logger = logger
        let readSecret = readSecret
        let lookup = lookup
        let eventLoop = eventLoop
        // Kept alive by the thread until it ends.
        let broker = NIOLoopBound(self, eventLoop: eventLoop)
        let code = DetachedThread.start(name: "mqtt-\(name)") {
            BrokerThread(settings, handOver: handOver, logger: logger, readSecret: readSecret, lookup: lookup) {
                report in
                handOver.whileWanted { eventLoop.execute { broker.value.receive(report) } }
            }
            .run()
        }
        guard code == 0 else { throw ConnectionFailure(KernelError.words(for: code)) }
    }

    package func publish(_ message: StatusMessage) -> Bool {
        guard epoch != nil, !isStopping, statusMessages < Self.mostStatusMessages, let handOver else { return false }
        statusMessages += 1
        handOver.put(.status(message))
        return true
    }

    package func respond(_ message: StatusMessage) -> Bool {
        let size = message.answerBytes
        guard statusMessages < Self.mostStatusMessagesBesideAnswers,
            answerBytes == 0 || answerBytes + size <= Self.mostAnswerBytes, publish(message)
        else { return false }
        answerBytes += size
        return true
    }

    package func stop(farewell: [StatusMessage], deadline: NIODeadline, completion: @escaping () -> Void) {
        guard let handOver, state != .stopped else { return completion() }
        stopCompletions.append(completion)
        guard !isStopping else { return }
        isStopping = true
        handOver.put(.stop(farewell: farewell, deadline: deadline))
        // The thread may hang in a connect, which can take minutes; nothing is left to be said then.
        if state == .connecting {
            handOver.interruptConnect()
            return stopped()
        }
        let broker = NIOLoopBound(self, eventLoop: eventLoop)
        stopDeadline = eventLoop.scheduleTask(deadline: deadline + .milliseconds(500)) { broker.value.stopped() }
    }

    private func stopped() {
        stopDeadline?.cancel()
        stopDeadline = nil
        handOver?.abandon()
        if epoch != nil { connectionLost() }
        if state != .stopped { change(.stopped) }
        let completions = stopCompletions
        stopCompletions = []
        for completion in completions { completion() }
    }

    // MARK: What the thread reports

    private func receive(_ report: BrokerReport) {
        for happening in report.happenings {
            switch happening {
            case .changed(let state):
                if self.state != .stopped { change(state) }
            case .tryingAddress:
                watchConnect()
            case .connected(let epoch):
                guard state != .stopped else { continue }
                self.epoch = epoch
                for sink in sinks { sink.connected(epoch: epoch) }
            case .lost(let lost):
                if epoch == lost { connectionLost() }
            case .settled(let sink, let run):
                if epoch != nil { sinks[sink].settled(run.count, as: run.outcome) }
            case .statusDone(let done):
                statusMessages -= done.count
                answerBytes -= done.answerBytes
                if done.lostAnswers > 0 { client?.broker(name, lostAnswers: done.lostAnswers) }
                if done.refused > 0 { client?.broker(name, refusedStatus: done.refused) }
            case .received(_, let run, _) where areSourcesClosed:
                // Of a connection that was still being made when they closed.
                handOver?.put(.refused(run: run))
            case .received(let batch, let run, let time):
                // Once every route has the batch in a queue, at that queue's level, its PUBACKs may leave.
                let sources = deliver(batch, run: run, receivedAt: time)
                unaccepted.append(UnacceptedRun(run: run, sources: sources))
                acceptRuns()
            case .sourcesClosed:
                sourcesClosed()
            case .ended:
                stopped()
            }
        }
    }

    private func change(_ state: BrokerState) {
        self.state = state
        watchConnect()
        client?.broker(name, changedTo: state)
    }

    private func connectionLost() {
        epoch = nil
        // The thread told what it had received before it told of the loss.
        if activeSources == 0, !sources.isEmpty { sourcesClosed() }
        for sink in sinks { sink.connectionLost() }
    }

    /// A connect that takes longer than its time is made to return.
    private func watchConnect() {
        interruption?.cancel()
        interruption = nil
        guard state == .connecting, let handOver else { return }
        interruption = eventLoop.scheduleRepeatedTask(
            initialDelay: TimeAmount(settings.configuration.connectTimeout),
            delay: .seconds(1)
        ) { _ in handOver.interruptConnect() }
    }

    /// Returns the sources that will accept it later.
    private func deliver(_ batch: InboundBatch, run: UInt64, receivedAt: NIODeadline) -> [Int] {
        var waiting: [Int] = []
        for (index, source) in sources.enumerated() where !batch.entries[index].isEmpty {
            let messages = batch.batch(for: index, receivedAt: receivedAt)
            if source.client?.received(messages, run: run) == false { waiting.append(index) }
        }
        for rejection in batch.rejections {
            sources[rejection.source].client?.rejected(rejection.count, because: rejection.reason)
        }
        for command in batch.commands {
            client?.broker(name, received: command)
        }
        return waiting
    }

    // MARK: Acceptance

    func sourceAccepted() { acceptRuns() }

    /// In order: an acceptance covers all runs before it.
    private func acceptRuns() {
        var last: UInt64?
        while let first = unaccepted.first, first.sources.allSatisfy({ sources[$0].acceptedThrough >= first.run }) {
            unaccepted.removeFirst()
            last = first.run
        }
        if let last {
            handOver?.put(.accepted(run: last))
            refusal?.cancel()
            refusal = nil
        }
        guard let first = unaccepted.first, refusal == nil else { return }
        let broker = NIOLoopBound(self, eventLoop: eventLoop)
        refusal = eventLoop.scheduleTask(in: settings.longestAcceptance) { broker.value.refuse(first.run) }
    }

    /// The server may not be left without a sign of life for longer.
    private func refuse(_ run: UInt64) {
        refusal = nil
        while let first = unaccepted.first, first.run <= run { unaccepted.removeFirst() }
        handOver?.put(.refused(run: run))
        acceptRuns()
    }

    // MARK: What sinks and sources ask for

    func publish(_ order: PublishOrder) {
        handOver?.put(.publish(order))
    }

    /// All sources share one socket: one that pauses pauses all.
    func sourcePaused() {
        pausers += 1
        if pausers == 1 { handOver?.put(.setReading(false)) }
    }

    func sourceResumed() {
        pausers -= 1
        if pausers == 0 { handOver?.put(.setReading(true)) }
    }

    /// All sources share one connection: each has stopped once the last has, and nothing is on its way from the thread.
    func sourceStopped(completion: @escaping () -> Void) {
        activeSources -= 1
        closeCompletions.append(completion)
        guard activeSources == 0 else { return }
        handOver?.put(.closeSources)
        if epoch == nil { sourcesClosed() }
    }

    private func sourcesClosed() {
        areSourcesClosed = true
        let completions = closeCompletions
        closeCompletions = []
        for completion in completions { completion() }
    }
}
