import CMosquitto

/// What a libmosquitto call returned when it failed.
struct MosquittoError: Error, Equatable, Sendable, CustomStringConvertible {
    var code: Int32

    /// `nil` for success.
    init?(code: Int32) {
        guard code != MOSQ_ERR_SUCCESS.rawValue else { return nil }
        self.code = code
    }

    init(_ code: mosq_err_t) {
        self.code = code.rawValue
    }

    /// Throws what a call returned, unless it is success.
    static func check(_ code: Int32) throws(MosquittoError) {
        if let error = MosquittoError(code: code) { throw error }
    }

    var description: String {
        switch mosq_err_t(code) {
        case MOSQ_ERR_NOMEM: "out of memory"
        case MOSQ_ERR_PROTOCOL: "the server broke the MQTT protocol"
        case MOSQ_ERR_INVAL: "libmosquitto refused an argument"
        case MOSQ_ERR_NO_CONN: "not connected"
        case MOSQ_ERR_CONN_REFUSED: "the server refused the connection"
        case MOSQ_ERR_CONN_LOST: "the server closed the connection"
        case MOSQ_ERR_TLS: "TLS failed"
        case MOSQ_ERR_PAYLOAD_SIZE: "the payload is larger than MQTT allows"
        case MOSQ_ERR_NOT_SUPPORTED: "not supported by this protocol version"
        case MOSQ_ERR_ERRNO: "a system call failed"
        case MOSQ_ERR_EAI: "the host name was not found"
        case MOSQ_ERR_MALFORMED_UTF8: "the server sent text that is not UTF-8"
        case MOSQ_ERR_KEEPALIVE: "the server did not answer within the keep-alive"
        case MOSQ_ERR_MALFORMED_PACKET: "the server sent a malformed packet"
        case MOSQ_ERR_DUPLICATE_PROPERTY: "the server sent a property twice"
        case MOSQ_ERR_TLS_HANDSHAKE: "the TLS handshake failed"
        case MOSQ_ERR_QOS_NOT_SUPPORTED: "the server does not support this QoS"
        case MOSQ_ERR_OVERSIZE_PACKET: "the packet is larger than the server accepts"
        case MOSQ_ERR_TOPIC_ALIAS_INVALID: "the server sent a topic alias that was not offered"
        default: "libmosquitto error \(code)"
        }
    }
}
