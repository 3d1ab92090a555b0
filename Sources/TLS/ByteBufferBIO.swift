internal import COpenSSL
internal import NIOCore

/// The wire as OpenSSL sees it: what came in and is to be decrypted, what is encrypted and has to go out.
final class WireBytes {
    var inbound = ByteBuffer()
    var outbound = ByteBuffer()
    /// How many bytes OpenSSL ever took from `inbound`.
    var taken = 0
}

/// A BIO over two byte buffers, which saves the copies of OpenSSL's own memory BIO.
enum ByteBufferBIO {
    /// A new BIO over `wire`, which must live longer.
    static func make(over wire: WireBytes) throws(TLSError) -> OpaquePointer {
        guard let method, let bio = BIO_new(method) else {
            throw .library(OpenSSLErrorQueue.takeReason())
        }
        BIO_set_data(bio, Unmanaged.passUnretained(wire).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    // Made once and only read from then on.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = BIO_meth_new(type, "ByteBuffer") else { return nil }
        BIO_meth_set_read(method, bioRead)
        BIO_meth_set_write(method, bioWrite)
        BIO_meth_set_ctrl(method, bioControl)
        return method
    }()

    fileprivate static func wire(of bio: OpaquePointer?) -> WireBytes? {
        BIO_get_data(bio).map { Unmanaged<WireBytes>.fromOpaque($0).takeUnretainedValue() }
    }
}

private func bioRead(_ bio: OpaquePointer?, _ output: UnsafeMutablePointer<CChar>?, _ capacity: Int32) -> Int32 {
    guard let bio, let output, let wire = ByteBufferBIO.wire(of: bio) else { return -1 }
    wsbridge_BIO_clear_retry_flags(bio)
    let count = min(Int(capacity), wire.inbound.readableBytes)
    guard count > 0 else {
        // The end of the connection is the channel's to see; here there is only "not yet".
        wsbridge_BIO_set_retry_read(bio)
        return -1
    }
    wire.inbound.readWithUnsafeReadableBytes { bytes in
        UnsafeMutableRawBufferPointer(start: output, count: count).copyMemory(from: .init(rebasing: bytes[..<count]))
        return count
    }
    wire.taken += count
    return Int32(count)
}

private func bioWrite(_ bio: OpaquePointer?, _ input: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
    guard let bio, let input, count > 0, let wire = ByteBufferBIO.wire(of: bio) else { return -1 }
    wsbridge_BIO_clear_retry_flags(bio)
    wire.outbound.writeBytes(UnsafeRawBufferPointer(start: input, count: Int(count)))
    return count
}

private func bioControl(
    _ bio: OpaquePointer?,
    _ command: Int32,
    _ number: Int,
    _ pointer: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
