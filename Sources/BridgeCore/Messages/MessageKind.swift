/// What a message's bytes were declared to be by their source.
package enum MessageKind: UInt8, Sendable, Hashable {
    /// A WebSocket text message, or an MQTT 5 publish with payload format indicator 1: valid UTF-8.
    case text
    /// A WebSocket binary message.
    case binary
    /// A datagram, a FIFO record, or an MQTT publish without the indicator: nobody said.
    case undeclared
}
