import Logging
import NIOCore
import TLS

/// `log_comms`: a line for each message and control frame, by opcode, length and the beginning of its payload.
struct CommsLog {
    enum Direction: String {
        case received
        case sent
    }

    private let logger: Logger
    private let preview: PayloadPreview
    private let redactor: Redactor

    init(logger: Logger, hiding secrets: [String]) {
        self.logger = logger
        self.preview = PayloadPreview(hiding: secrets)
        self.redactor = Redactor(secrets)
    }

    /// `concealed`: only their lengths are shown.
    func messages(
        _ direction: Direction,
        _ batch: WebSocketMessageBatch,
        first count: Int,
        concealed: Bool = false
    ) {
        batch.withUnsafeBytes { bytes in
            for message in batch.messages.prefix(count) {
                let payload = UnsafeRawBufferPointer(rebasing: bytes[message.range])
                let opcode = message.kind == .text ? "text" : "binary"
                if concealed {
                    logger.info("\(direction.rawValue) \(opcode), \(payload.count) bytes (hidden)")
                } else {
                    line(direction, opcode, payload, isText: message.kind == .text)
                }
            }
        }
    }

    func control(_ direction: Direction, _ opcode: String, _ payload: ByteBuffer) {
        payload.withUnsafeReadableBytes { line(direction, opcode, $0, isText: true) }
    }

    func close(_ direction: Direction, _ frame: CloseFrame) {
        let text = redactor.redact(frame.reason)
        let reason = text.isEmpty ? "" : ": \(readable(text, limit: PayloadPreview.limit))"
        logger.info("\(direction.rawValue) close, \(frame.code?.description ?? "no code")\(reason)")
    }

    private func line(_ direction: Direction, _ opcode: String, _ payload: UnsafeRawBufferPointer, isText: Bool) {
        let unit = payload.count == 1 ? "byte" : "bytes"
        let shown = payload.isEmpty ? "" : ": \(preview.show(payload, isText: isText))"
        logger.info("\(direction.rawValue) \(opcode), \(payload.count) \(unit)\(shown)")
    }
}
