internal import COpenSSL
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Writes the secrets of each TLS session to a file, in the form that Wireshark reads (`SSLKEYLOGFILE`).
///
/// Whoever has that file and a recording of the traffic can read all of it: off unless a person asked for it.
package enum TLSKeyLog {
    /// Why the file can't be used.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let path: String
        package let code: Int32

        package var description: String {
            let words = code == ELOOP ? "it is a symbolic link" : String(cString: strerror(code))
            return "the TLS key log \(readable(path)) can't be written: \(words)"
        }
    }

    /// The open file, or -1.
    ///
    /// One descriptor for the process, for OpenSSL's callback knows nothing but the session.
    private static let descriptor = Atomic<Int32>(-1)

    /// Appends to the file from now on, in every context that is made after this; the file is for its owner alone.
    package static func begin(path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard file >= 0 else { throw Failure(path: path, code: errno) }
        guard fchmod(file, 0o600) == 0 else {
            let code = errno
            close(file)
            throw Failure(path: path, code: code)
        }
        let before = descriptor.exchange(file, ordering: .sequentiallyConsistent)
        if before >= 0 { close(before) }
    }

    /// Writes no more.
    package static func end() {
        let before = descriptor.exchange(-1, ordering: .sequentiallyConsistent)
        if before >= 0 { close(before) }
    }

    /// Makes a context tell its secrets, if that was asked for.
    static func attach(to context: OpaquePointer) {
        guard descriptor.load(ordering: .relaxed) >= 0 else { return }
        SSL_CTX_set_keylog_callback(context) { _, line in
            guard let line else { return }
            TLSKeyLog.write(line)
        }
    }

    /// One write a line: lines of several threads don't mix.
    private static func write(_ line: UnsafePointer<CChar>) {
        let file = descriptor.load(ordering: .relaxed)
        guard file >= 0 else { return }
        var bytes = UnsafeBufferPointer(start: line, count: strlen(line)).map { UInt8(bitPattern: $0) }
        bytes.append(UInt8(ascii: "\n"))
        _ = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
    }
}

/// `write`, by a name that the enum's own doesn't hide.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
