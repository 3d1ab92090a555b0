internal import NIOCore

/// Plain bytes that were written and not yet encrypted: small ones are joined, so that they share a record.
struct PendingWrites {
    private(set) var bytes = 0
    private var chunks: [ByteBuffer] = []
    private var promises: [EventLoopPromise<Void>] = []

    var isEmpty: Bool { chunks.isEmpty && promises.isEmpty }

    mutating func append(_ data: ByteBuffer, promise: EventLoopPromise<Void>?) {
        if let promise { promises.append(promise) }
        let length = data.readableBytes
        guard length > 0 else { return }
        bytes += length
        if let last = chunks.indices.last, chunks[last].readableBytes + length <= TLSSession.recordSize {
            chunks[last].writeImmutableBuffer(data)
        } else {
            chunks.append(data)
        }
    }

    /// Hands each chunk over in order; all are gone afterwards, even if one fails.
    mutating func drain(_ encrypt: (ByteBuffer) throws(TLSError) -> Void) throws(TLSError) {
        defer {
            chunks.removeAll(keepingCapacity: true)
            bytes = 0
        }
        for chunk in chunks {
            try encrypt(chunk)
        }
    }

    /// One promise that stands for all; `nil` if nobody asked.
    mutating func takePromise(on eventLoop: any EventLoop) -> EventLoopPromise<Void>? {
        defer { promises.removeAll(keepingCapacity: true) }
        guard promises.count > 1 else { return promises.first }
        let joined = eventLoop.makePromise(of: Void.self)
        joined.futureResult.whenComplete { [promises] result in
            for promise in promises {
                promise.completeWith(result)
            }
        }
        return joined
    }

    mutating func fail(_ error: any Error) {
        let failed = promises
        self = PendingWrites()
        for promise in failed {
            promise.fail(error)
        }
    }
}
