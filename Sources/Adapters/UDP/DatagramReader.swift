internal import BridgeCore
internal import CLinux
internal import Glibc
internal import NIOCore

/// Receives many datagrams with one system call, and puts what is let in close together into a batch's buffer.
///
/// The kernel needs room for the largest datagram in each place; copying the bytes out costs less than a batch that
/// holds megabytes for a few small ones.
final class DatagramReader {
    /// What one call brought, besides the messages.
    struct Outcome: Equatable {
        /// How many datagrams there were.
        var received = 0
        var notAllowed = 0
        var truncated = 0
    }

    static let places = 64
    private static let nameSize = socklen_t(MemoryLayout<sockaddr_storage>.size)

    let size: Int
    /// Places lie apart by more than their size, so that their beginnings don't all fall into one set of the cache.
    private let stride: Int
    private let allowList: AllowList
    private let memory: UnsafeMutableRawPointer
    private let names = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: places)
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: places)
    private let headers = UnsafeMutablePointer<clinux_mmsghdr>.allocate(capacity: places)

    /// A place's size is that of the largest datagram, in bytes; a larger one counts as truncated.
    init(allowList: AllowList, size: Int = 65_536) {
        self.size = size
        self.allowList = allowList
        stride = size + 4096 + 64
        memory = .allocate(byteCount: Self.places * stride, alignment: 64)
        names.initialize(repeating: sockaddr_storage(), count: Self.places)
        headers.initialize(repeating: clinux_mmsghdr(), count: Self.places)
        for index in 0..<Self.places {
            vectors[index] = iovec(iov_base: memory + index * stride, iov_len: size)
            headers[index].header.msg_iov = vectors + index
            headers[index].header.msg_iovlen = 1
            // The address is looked at only where it decides something.
            headers[index].header.msg_name = allowList.isEmpty ? nil : UnsafeMutableRawPointer(names + index)
            headers[index].header.msg_namelen = Self.nameSize
        }
    }

    deinit {
        memory.deallocate()
        names.deallocate()
        vectors.deallocate()
        headers.deallocate()
    }

    /// Appends what the socket holds now, at most `places` datagrams, to a batch in the making.
    func receive(
        from descriptor: CInt,
        into bytes: inout ByteBuffer,
        _ entries: inout ContiguousArray<MessageBatch.Entry>
    ) -> Outcome {
        var outcome = Outcome()
        var count: CInt
        repeat {
            count = clinux_recvmmsg(
                descriptor,
                headers,
                UInt32(Self.places),
                CInt(MSG_DONTWAIT),
                nil
            )
        } while count < 0 && errno == EINTR
        // Else there is nothing, or an error of a datagram sent elsewhere.
        guard count > 0 else { return outcome }
        outcome.received = Int(count)
        var total = 0
        for index in 0..<Int(count) { total += Int(headers[index].length) }
        bytes.reserveCapacity(minimumWritableBytes: total)
        for index in 0..<Int(count) {
            if headers[index].header.msg_flags & CInt(MSG_TRUNC) != 0 {
                outcome.truncated += 1
            } else if !isAllowed(index) {
                outcome.notAllowed += 1
            } else {
                let length = Int(headers[index].length)
                entries.append(
                    MessageBatch.Entry(payloadOffset: bytes.writerIndex, payloadLength: length, kind: .undeclared)
                )
                bytes.writeBytes(UnsafeRawBufferPointer(start: memory + index * stride, count: length))
            }
            // The kernel has written over it.
            headers[index].header.msg_namelen = Self.nameSize
        }
        return outcome
    }

    private func isAllowed(_ index: Int) -> Bool {
        guard !allowList.isEmpty else { return true }
        let name = UnsafeRawPointer(names + index)
        switch CInt(names[index].ss_family) {
        case AF_INET:
            let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
            return allowList.allows(UnsafeRawBufferPointer(start: name + offset, count: 4))
        case AF_INET6:
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
            return allowList.allows(UnsafeRawBufferPointer(start: name + offset, count: 16))
        default:
            return false
        }
    }
}
