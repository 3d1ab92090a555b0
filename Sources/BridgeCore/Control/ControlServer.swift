package import Logging
package import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Answers the command line on a Unix domain socket of mode 0600.
///
/// Used on the gateway's event loop only.
package final class ControlServer {
    /// So many clients at a time; the next one is sent away.
    static let mostClients = 32

    private let path: String
    private let handler: any ControlHandler
    private let log: Logger
    private var channel: (any Channel)?
    private var clients = 0

    package init(path: String, handler: any ControlHandler, log: Logger) {
        self.path = path
        self.handler = handler
        self.log = log
    }

    /// Listens, or says in the log why it doesn't; the gateway runs either way.
    ///
    /// `completion` is called when it is known which.
    package func start(on eventLoop: any EventLoop, completion: @escaping () -> Void) {
        let descriptor: CInt
        do {
            descriptor = try ControlSocketPlace.listen(at: path)
        } catch {
            say(error)
            return completion()
        }
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        ServerBootstrap(group: eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try server.value.admit(channel) }
            }
            .withBoundSocket(descriptor)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let channel): self.channel = channel
                case .failure(let error): self.say(error)
                }
                completion()
            }
    }

    private func say(_ error: any Error) {
        log.warning("no control socket at \(path): \(error); status, send, connect and disconnect won't work")
    }

    private func admit(_ channel: any Channel) throws {
        guard clients < Self.mostClients else { return channel.close(promise: nil) }
        clients += 1
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.clients -= 1 }
        try channel.pipeline.syncOperations.addHandler(ControlSession(handler))
    }

    /// Stops listening and removes the socket.
    package func stop() {
        guard let channel else { return }
        self.channel = nil
        channel.close(promise: nil)
        unlink(path)
    }
}
