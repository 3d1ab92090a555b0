import BridgeCore
import Logging
import NIOCore
import ServiceLifecycle

/// A gateway and its control socket as one service: starts them, waits for the shutdown, stops them in order.
struct GatewayService: Service, CustomStringConvertible {
    /// For the service group's log, which would else show the whole configuration.
    let description = "gateway"
    let configuration: GatewayConfiguration
    let adapters: AdapterFactory
    let spool: NIOLoopBound<Spool?>
    let secrets: SecretBook
    let eventLoop: any EventLoop
    let log: Logger

    func run() async throws {
        let running = try await eventLoop.submit { NIOLoopBound(try makeParts(), eventLoop: eventLoop) }.get()
        await withGracefulShutdownHandler {
            await onLoop { done in
                let (gateway, control) = running.value
                control.start(on: eventLoop) { gateway.start(ready: done) }
            }
        } onGracefulShutdown: {
            eventLoop.execute { running.value.0.waitNoLonger() }
        }
        if !Task.isShuttingDownGracefully { logReady() }
        try? await gracefulShutdown()
        log.info("stopping")
        await onLoop { done in
            let (gateway, control) = running.value
            gateway.stop {
                control.stop()
                done()
            }
        }
        log.info("stopped")
    }

    private func logReady() {
        log.info(
            "ready",
            metadata: [
                "connections": "\(configuration.connections.count)", "brokers": "\(configuration.brokers.count)",
                "routes": "\(configuration.routes.count)",
            ]
        )
    }

    private func makeParts() throws -> (Gateway, ControlServer) {
        let gateway = try Gateway(
            configuration,
            version: Version.text,
            adapters: adapters,
            spool: spool.value,
            secrets: secrets,
            eventLoop: eventLoop,
            log: log
        )
        return (gateway, ControlServer(path: configuration.controlSocket, handler: gateway, log: log))
    }

    /// Calls `body` on the event loop and returns once it called `done` there.
    private func onLoop(_ body: @escaping @Sendable (_ done: @escaping () -> Void) -> Void) async {
        await withCheckedContinuation { continuation in
            eventLoop.execute { body { continuation.resume() } }
        }
    }
}
