import NIOCore
import NIOPosix

/// The one event loop that carries all connections, UDP, FIFOs and the control socket.
enum GatewayLoop {
    static let eventLoop: any EventLoop = {
        NIOSingletons.groupLoopCountSuggestion = 1
        return MultiThreadedEventLoopGroup.singleton.next()
    }()
}
