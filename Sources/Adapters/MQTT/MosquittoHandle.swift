import BridgeCore
import CMosquitto
import COpenSSL
import NIOCore
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One libmosquitto client for one connection attempt: made, used and destroyed on the broker's thread.
final class MosquittoHandle {
    // Every call on it comes from the one thread that made this object.
    nonisolated(unsafe) private let pointer: OpaquePointer
    private let inbox: Unmanaged<CallbackInbox>
    private let isV5: Bool
    /// There once the library's own queue may not be written any more.
    private var direct: DirectOutbox?
    typealias CallResult = Result<Void, CallFailure>

    struct CallFailure: Error {
        var error: MosquittoError
        var systemError: Int32
    }

    init(
        _ settings: BrokerSettings,
        will: StatusMessage?,
        password: String?,
        tls: TLSContext?,
        inbox: CallbackInbox
    ) throws(ConnectionFailure) {
        MosquittoLibrary.initialise()
        let configuration = settings.configuration
        // Retained before the library knows of it, released after the library forgot it.
        let retained = Unmanaged.passRetained(inbox)
        let clientID = configuration.clientID.isEmpty ? nil : configuration.clientID
        guard let pointer = mosquitto_new(clientID, configuration.cleanSession, retained.toOpaque()) else {
            let words = KernelError.words(for: errno)
            retained.release()
            throw ConnectionFailure("libmosquitto could not be started: \(words)")
        }
        self.pointer = pointer
        self.inbox = retained
        isV5 = configuration.protocolVersion == .v5
        do throws(MosquittoError) {
            try setOptions(settings, will: will, password: password, tls: tls)
        } catch {
            throw ConnectionFailure("libmosquitto refused the configuration: \(error)")
        }
        setCallbacks()
    }

    deinit {
        mosquitto_destroy(pointer)
        inbox.release()
    }

    private func setOptions(
        _ settings: BrokerSettings,
        will: StatusMessage?,
        password: String?,
        tls: TLSContext?
    ) throws(MosquittoError) {
        let configuration = settings.configuration
        // Only so does an acknowledgement wait in the library until `loopWrite`.
        try MosquittoError.check(mosquitto_threaded_set(pointer, true))
        let version = configuration.protocolVersion == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        try set(MOSQ_OPT_PROTOCOL_VERSION, version)
        try set(MOSQ_OPT_TCP_NODELAY, 1)
        try set(MOSQ_OPT_SEND_MAXIMUM, Int32(min(max(configuration.maxInflight, 1), 65_535)))
        try set(MOSQ_OPT_RECEIVE_MAXIMUM, BrokerSettings.receiveMaximum)
        if configuration.username != nil || password != nil {
            try MosquittoError.check(mosquitto_username_pw_set(pointer, configuration.username, password))
        }
        if let will {
            let code = will.payload.withUnsafeReadableBytes { bytes in
                mosquitto_will_set_v5(
                    pointer,
                    will.topic,
                    Int32(bytes.count),
                    bytes.baseAddress,
                    Int32(will.qos),
                    will.retain,
                    nil
                )
            }
            try MosquittoError.check(code)
        }
        if let tls {
            let code = tls.withSSLContext { context in
                mosquitto_void_option(pointer, MOSQ_OPT_SSL_CTX, UnsafeMutableRawPointer(context))
            }
            try MosquittoError.check(code)
            // Else the library would insist on a CA file of its own.
            try set(MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0)
        }
    }

    private func set(_ option: mosq_opt_t, _ value: Int32) throws(MosquittoError) {
        try MosquittoError.check(mosquitto_int_option(pointer, option, value))
    }

    /// All before connecting: the library holds one lock in its setters and around every callback.
    private func setCallbacks() {
        mosquitto_connect_v5_callback_set(pointer, mosquittoConnected)
        mosquitto_disconnect_v5_callback_set(pointer, mosquittoDisconnected)
        mosquitto_publish_v5_callback_set(pointer, mosquittoPublished)
        mosquitto_subscribe_v5_callback_set(pointer, mosquittoSubscribed)
        mosquitto_message_v5_callback_set(pointer, mosquittoReceived)
    }

    // MARK: Calls

    /// Blocks: resolves the name, connects, and queues CONNECT.
    func connect(host: String, port: Int, keepAlive: Int32, properties: PropertyList?) -> CallResult {
        result(mosquitto_connect_bind_v5(pointer, host, Int32(port), keepAlive, nil, properties?.pointer))
    }

    func subscribe(
        _ filter: String,
        qos: Int,
        options: Int32,
        properties: PropertyList?,
        identifier: inout Int32
    ) -> CallResult {
        result(mosquitto_subscribe_v5(pointer, &identifier, filter, Int32(qos), options, properties?.pointer))
    }

    /// Returns the library's code: this is the data path.
    @inline(__always)
    func publish(
        topic: UnsafePointer<CChar>,
        payload: UnsafeRawBufferPointer,
        qos: Int32,
        retain: Bool,
        properties: OpaquePointer?,
        identifier: inout Int32
    ) -> Int32 {
        let code = mosquitto_publish_v5(
            pointer,
            &identifier,
            topic,
            Int32(truncatingIfNeeded: payload.count),
            payload.baseAddress,
            qos,
            retain,
            properties
        )
        guard direct != nil, code == 0 else { return code }
        let packet = PublishPacket(
            topic: UnsafeRawBufferPointer(start: topic, count: strlen(topic)),
            payload: payload,
            qos: qos,
            retain: retain,
            identifier: UInt16(truncatingIfNeeded: identifier),
            properties: isV5 ? PublishPacket.encoded(properties) : nil
        )
        direct?.append(packet, identifier: identifier)
        return code
    }

    /// One packet on plain TCP for a subscriber, several in other cases.
    func loopRead() -> CallResult {
        result(mosquitto_loop_read(pointer, 1))
    }

    /// Everything that is queued, as far as the socket takes it.
    func loopWrite() -> CallResult {
        direct == nil ? result(mosquitto_loop_write(pointer, 1)) : writeDirectly()
    }

    /// -1 when the library has closed it.
    var socket: Int32 { mosquitto_socket(pointer) }

    var wantsWrite: Bool { direct.map { !$0.isEmpty } ?? mosquitto_want_write(pointer) }

    private func result(_ code: Int32) -> CallResult {
        let systemError = errno
        guard let error = MosquittoError(code: code) else { return .success(()) }
        return .failure(CallFailure(error: error, systemError: systemError))
    }

    // MARK: Beside the library

    private var ssl: OpaquePointer? {
        mosquitto_ssl_get(pointer).map { OpaquePointer($0) }
    }

    /// Whether OpenSSL holds bytes that the socket has given already, which `poll` would never announce.
    var hasPendingBytes: Bool {
        guard let ssl else { return false }
        return SSL_has_pending(ssl) == 1
    }

    /// Sends a PINGREQ of our own.
    ///
    /// Only while nothing is half written and the socket takes bytes.
    func ping() -> Bool { send([0xC0, 0]) }

    /// Sends a DISCONNECT without a reason; the server, which forgets the last will, ends the connection.
    ///
    /// Only while nothing waits to be written.
    func disconnect() -> Bool { send([0xE0, 0]) }

    private func send(_ packet: [UInt8]) -> Bool {
        packet.withUnsafeBytes { send($0) } == packet.count
    }

    /// The number of bytes that the connection took; not positive where it took none.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let ssl {
            ERR_clear_error()
            return Int(SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count)))
        }
        return SocketFacts.write(bytes, to: socket)
    }

    // MARK: Past the library's queue

    /// Keeps in the library whatever it queues from here on, the acknowledgements of what it just read above all.
    ///
    /// Messages go out past its queue from then on, until the connection's end. Only while that is empty but for those.
    /// A message at QoS 2 is not finished then: its PUBREL stays in the library too.
    func withholdAcknowledgements() {
        guard direct == nil else { return }
        direct = DirectOutbox()
        // What was refused for want of room may come again from elsewhere, and with more behind it.
        let mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        if let ssl { wsbridge_SSL_set_mode(ssl, Int(mode)) }
    }

    var withholdsAcknowledgements: Bool { direct != nil }

    private func writeDirectly() -> CallResult {
        var failure: CallFailure?
        let out = direct?.flush { bytes in
            let count = send(bytes)
            if count <= 0 { failure = failureOfSending(count) }
            return count
        }
        for identifier in out ?? [] {
            inbox.takeUnretainedValue().acknowledgements.append(.init(identifier: identifier, code: 0))
        }
        return failure.map { .failure($0) } ?? .success(())
    }

    /// `nil` where the connection has no room just now.
    private func failureOfSending(_ count: Int) -> CallFailure? {
        let code = errno
        if let ssl {
            let reason = SSL_get_error(ssl, Int32(count))
            guard reason != SSL_ERROR_WANT_WRITE, reason != SSL_ERROR_WANT_READ else { return nil }
        } else if code == EAGAIN || code == EINTR {
            return nil
        }
        return CallFailure(error: MosquittoError(MOSQ_ERR_CONN_LOST), systemError: code)
    }
}
