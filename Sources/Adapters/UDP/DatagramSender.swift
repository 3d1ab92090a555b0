internal import BridgeCore
internal import CLinux
internal import Glibc

/// Sends a batch's payloads as datagrams through a connected socket, in as few system calls as the kernel allows,
/// straight out of the batch's buffer.
///
/// Neighbours of equal size travel as one train: the kernel gets their bytes in one message and cuts them apart
/// (UDP_SEGMENT), which costs it a fifth. The last of a train may be shorter. Where that isn't possible, it is found
/// out by the first refusal and left from then on.
final class DatagramSender {
    /// What became of the messages from the front of a batch.
    struct Outcome: Equatable {
        var taken = 0
        var delivered = 0
        var tooLarge = 0
        /// Refused by the kernel with an error.
        var refused = 0
        /// Reports that a datagram sent earlier found nobody listening.
        var reportsOfRefusal = 0
        /// The socket has no room.
        var isBlocked = false
        /// The last error that cost a message, or 0.
        var lastError: CInt = 0
    }

    /// A message for the kernel: one datagram or several.
    private struct Train {
        /// Oversize messages of the batch right before it, which are dropped.
        var skipped: Int
        var first: Int
        var count: Int
        var segmentSize: Int
    }

    private static let capacity = 512
    /// The kernel's UDP_MAX_SEGMENTS, as it was when segmentation came.
    private static let longestTrain = 64
    private static let heaviestTrain = 65_000
    private static let controlSize = MemoryLayout<cmsghdr>.size + MemoryLayout<Int>.size

    private let maxSize: Int
    private let truncates: Bool
    /// Larger datagrams aren't put into a train, since they fit no packet; in bytes, 0 = none is.
    private var largestSegment = 0

    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: capacity)
    private let headers = UnsafeMutablePointer<clinux_mmsghdr>.allocate(capacity: capacity)
    private let trains = UnsafeMutablePointer<Train>.allocate(capacity: capacity)
    private let controls = UnsafeMutableRawPointer.allocate(
        byteCount: capacity * controlSize,
        alignment: MemoryLayout<cmsghdr>.alignment
    )
    private let emptyPayload = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

    init(maxSize: Int, truncates: Bool) {
        self.maxSize = min(maxSize, UDPSinkConfiguration.largestPayload)
        self.truncates = truncates
        headers.initialize(repeating: clinux_mmsghdr(), count: Self.capacity)
        for index in 0..<Self.capacity {
            let control = controls + index * Self.controlSize
            let length = MemoryLayout<cmsghdr>.size + MemoryLayout<UInt16>.size
            var header = cmsghdr()
            header.cmsg_len = length
            header.cmsg_level = clinux_SOL_UDP
            header.cmsg_type = clinux_UDP_SEGMENT
            control.storeBytes(of: header, as: cmsghdr.self)
        }
    }

    deinit {
        vectors.deallocate()
        headers.deallocate()
        trains.deallocate()
        controls.deallocate()
        emptyPayload.deallocate()
    }

    /// A fresh socket: whether it segments, and up to which size, is to be found out.
    func begin(with descriptor: CInt, segmenting: Bool = true) {
        let isKnown = SocketOption.offer(descriptor, clinux_SOL_UDP, clinux_UDP_SEGMENT, 0)
        largestSegment = isKnown && segmenting ? maxSize : 0
    }

    func send(_ batch: MessageBatch, through descriptor: CInt) -> Outcome {
        var outcome = Outcome()
        batch.withUnsafeBytes { bytes in
            batch.entries.withUnsafeBufferPointer { entries in
                while outcome.taken < entries.count, !outcome.isBlocked {
                    let plan = plan(entries, from: outcome.taken, bytes)
                    guard send(plan.trains, through: descriptor, &outcome) else { continue }
                    outcome.taken += plan.skippedAtEnd
                    outcome.tooLarge += plan.skippedAtEnd
                }
            }
        }
        return outcome
    }

    // MARK: - Planning

    /// Lays out as many messages from the front as there is room for.
    private func plan(
        _ entries: UnsafeBufferPointer<MessageBatch.Entry>,
        from start: Int,
        _ bytes: UnsafeRawBufferPointer
    ) -> (trains: Int, skippedAtEnd: Int) {
        let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) ?? emptyPayload
        let largestSegment = largestSegment
        var trainCount = 0
        var vectorCount = 0
        var skipped = 0
        var current = Train(skipped: 0, first: start, count: 0, segmentSize: 0)
        var weight = 0
        var isOpen = false
        var index = start
        while index < entries.count, vectorCount < Self.capacity {
            let entry = entries[index]
            var length = Int(entry.payloadLength)
            if length > maxSize {
                guard truncates else {
                    skipped += 1
                    isOpen = false
                    index += 1
                    continue
                }
                length = maxSize
            }
            vectors[vectorCount] = iovec(iov_base: base + Int(entry.payloadOffset), iov_len: length)
            if isOpen, length <= current.segmentSize, length > 0, weight + length <= Self.heaviestTrain {
                current.count += 1
                weight += length
                isOpen = length == current.segmentSize && current.count < Self.longestTrain
            } else {
                if current.count > 0 {
                    close(current, trainCount, vectorCount)
                    trainCount += 1
                }
                current = Train(skipped: skipped, first: index, count: 1, segmentSize: length)
                skipped = 0
                weight = length
                isOpen = length > 0 && length <= largestSegment
            }
            vectorCount += 1
            index += 1
        }
        if current.count > 0 {
            close(current, trainCount, vectorCount)
            trainCount += 1
        }
        return (trainCount, skipped)
    }

    /// Writes the message for the kernel; its vectors are the last ones before `vectorCount`.
    private func close(_ train: Train, _ index: Int, _ vectorCount: Int) {
        trains[index] = train
        var header = msghdr()
        header.msg_iov = vectors + (vectorCount - train.count)
        header.msg_iovlen = train.count
        if train.count > 1 {
            let control = controls + index * Self.controlSize
            control.storeBytes(
                of: UInt16(truncatingIfNeeded: train.segmentSize),
                toByteOffset: MemoryLayout<cmsghdr>.size,
                as: UInt16.self
            )
            header.msg_control = control
            header.msg_controllen = Self.controlSize
        }
        headers[index].header = header
    }

    // MARK: - Sending

    /// Sends the laid out trains; false if it stopped before the last one.
    private func send(_ count: Int, through descriptor: CInt, _ outcome: inout Outcome) -> Bool {
        var next = 0
        while next < count {
            let sent = clinux_sendmmsg(
                descriptor,
                headers + next,
                UInt32(truncatingIfNeeded: count - next),
                CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
            )
            if sent > 0 {
                for index in next..<next + Int(sent) {
                    let train = trains[index]
                    outcome.taken += train.skipped + train.count
                    outcome.tooLarge += train.skipped
                    outcome.delivered += train.count
                }
                next += Int(sent)
                continue
            }
            let train = trains[next]
            switch errno {
            case EINTR:
                continue
            case EAGAIN:
                outcome.isBlocked = true
                return false
            case ECONNREFUSED:
                outcome.reportsOfRefusal += 1
                outcome.lastError = ECONNREFUSED
                continue
            case EINVAL where train.count > 1, EMSGSIZE where train.count > 1:
                // The segments fit no packet on this path.
                largestSegment = train.segmentSize - 1
                return false
            case EIO where train.count > 1, EOPNOTSUPP where train.count > 1:
                // The device computes no checksums, or encrypts.
                largestSegment = 0
                return false
            case let code:
                outcome.lastError = code
                outcome.taken += train.skipped + train.count
                outcome.tooLarge += train.skipped
                if code == EMSGSIZE {
                    outcome.tooLarge += train.count
                } else {
                    outcome.refused += train.count
                }
                next += 1
            }
        }
        return true
    }
}
