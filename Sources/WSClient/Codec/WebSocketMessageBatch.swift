public import NIOCore

/// Messages that travel together: what one read held, or what is to be written at once, in order.
///
/// All payloads lie in one buffer and an entry only says where, so a batch costs one reference count whatever it
/// holds. The buffer may be a whole read's: copy the bytes of what you keep for long.
public struct WebSocketMessageBatch: Sendable {
    /// The buffer that the payloads lie in.
    ///
    /// Entries count from its index 0; its reader and writer index say nothing.
    public var bytes: ByteBuffer
    /// The messages, in order.
    public var messages: ContiguousArray<WebSocketMessage>
    /// Whether they may be compressed on their way out, where that was agreed upon.
    ///
    /// Not for messages that hold a secret: who sees sizes on the wire could guess it from what is compressed with it.
    public var mayBeCompressed = true

    /// Makes a batch of messages that lie in `bytes`.
    public init(bytes: ByteBuffer, messages: ContiguousArray<WebSocketMessage>) {
        self.bytes = bytes
        self.messages = messages
    }

    /// Makes an empty batch, to be filled with `append`.
    public init() {
        self.init(bytes: ByteBuffer(), messages: [])
    }

    /// Makes a batch of one text message.
    public init(text: String) {
        self.init()
        append(text: text)
    }

    /// Makes a batch of one message, the readable bytes of `payload`, without a copy.
    public init(_ payload: ByteBuffer, kind: WebSocketMessage.Kind) {
        let message = WebSocketMessage(offset: payload.readerIndex, length: payload.readableBytes, kind: kind)
        self.init(bytes: payload, messages: [message])
    }

    /// How many messages there are.
    @inlinable
    public var count: Int { messages.count }

    /// Whether there is no message.
    @inlinable
    public var isEmpty: Bool { messages.isEmpty }

    /// Adds a text message at the end.
    public mutating func append(text: String) {
        let offset = bytes.writerIndex
        let length = bytes.writeString(text)
        messages.append(WebSocketMessage(offset: offset, length: length, kind: .text))
    }

    /// Adds a message at the end; the bytes are copied.
    public mutating func append(_ payload: some Sequence<UInt8>, kind: WebSocketMessage.Kind) {
        let offset = bytes.writerIndex
        let length = bytes.writeBytes(payload)
        messages.append(WebSocketMessage(offset: offset, length: length, kind: kind))
    }

    /// A message's payload, as a slice that shares the batch's memory.
    ///
    /// - Precondition: the message is one of this batch.
    public func payload(of message: WebSocketMessage) -> ByteBuffer {
        var whole = bytes
        whole.moveReaderIndex(to: 0)
        whole.moveWriterIndex(to: whole.capacity)
        guard let slice = whole.getSlice(at: Int(message.offset), length: Int(message.length)) else {
            preconditionFailure("the message doesn't belong to this batch")
        }
        return slice
    }

    /// A message's payload as a string; bytes that aren't UTF-8 become U+FFFD.
    public func text(of message: WebSocketMessage) -> String {
        String(buffer: payload(of: message))
    }

    /// Calls `body` with the whole buffer from index 0, in which the messages' ranges lie.
    ///
    /// Valid only during the call.
    @inlinable
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withVeryUnsafeBytes(body)
    }
}
