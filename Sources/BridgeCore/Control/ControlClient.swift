import FoundationEssentials
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The command line's side of the control socket: asks one thing and waits for the answer.
package struct ControlClient {
    /// How long the gateway may take to answer, in seconds.
    private static let patience = 5
    private let descriptor: CInt

    /// `nil` when no gateway answers at the path.
    package init?(path: String) {
        guard case .success(let descriptor) = UnixSocket.connect(to: path, patience: Self.patience) else { return nil }
        self.descriptor = descriptor
    }

    /// Sends the request and reads the answer; `nil` when the gateway went away or stays silent.
    ///
    /// Closes the socket.
    package func ask(_ request: ControlRequest) -> ControlResponse? {
        defer { close(descriptor) }
        var line = Array(StatusEncoder.json(request).readableBytesView)
        line.append(UInt8(ascii: "\n"))
        guard writeAll(line), let answer = readLine() else { return nil }
        return try? JSONDecoder().decode(ControlResponse.self, from: Data(answer))
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                send(descriptor, all.baseAddress.map { $0 + sent }, all.count - sent, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func readLine() -> [UInt8]? {
        var line: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { return nil }
            line += part[..<count]
            if line.last == UInt8(ascii: "\n") { return line }
        }
    }
}
