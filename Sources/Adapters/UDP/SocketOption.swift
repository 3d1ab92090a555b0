internal import BridgeCore
internal import Glibc

/// Socket options by plain values.
enum SocketOption {
    static func set<Value>(
        _ descriptor: CInt,
        _ level: CInt,
        _ name: CInt,
        _ value: Value,
        _ what: String
    ) throws(KernelError) {
        let code = withUnsafeBytes(of: value) {
            setsockopt(descriptor, level, name, $0.baseAddress, socklen_t($0.count))
        }
        guard code == 0 else { throw KernelError(what) }
    }

    /// Sets what may be refused; returns whether it was taken.
    @discardableResult
    static func offer(_ descriptor: CInt, _ level: CInt, _ name: CInt, _ value: CInt) -> Bool {
        var value = value
        return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size)) == 0
    }

    static func get(_ descriptor: CInt, _ level: CInt, _ name: CInt) -> CInt {
        var value: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, level, name, &value, &size)
        return value
    }

    /// A new socket that waits for nothing.
    static func open(_ family: CInt) throws(KernelError) -> CInt {
        let kind = CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw KernelError("socket") }
        return descriptor
    }
}
