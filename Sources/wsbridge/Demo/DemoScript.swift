import BridgeCore
import Foundation
import ServiceLifecycle

/// What the demo does while the gateway runs: sends something back each way, again and again, until its time is up.
struct DemoScript: Service {
    let stage: DemoConfiguration
    let broker: DemoBroker
    let listener: DemoUDPListener
    let report: DemoReport
    /// `nil` = until a signal comes.
    let duration: Duration?

    private static let pace: Duration = .seconds(2)

    func run() async throws {
        let end = duration.map { ContinuousClock.now + $0 }
        try await cancelWhenGracefulShutdown {
            let fifos = try await openFIFOs()
            defer { fifos.stop() }
            var round = 0
            while end.map({ ContinuousClock.now < $0 }) ?? true {
                round += 1
                try broker.publish("command \(round) over MQTT", to: "feed/send")
                try await listener.send("reading \(round) over UDP", to: stage.udpBackPort)
                try fifos.write("line \(round) through a FIFO", to: stage.inFIFO)
                try await Task.sleep(for: Self.pace)
            }
        }
    }

    /// The gateway makes the FIFOs: as soon as they stand there they are opened.
    private func openFIFOs() async throws -> DemoFIFOs {
        while true {
            if FileManager.default.fileExists(atPath: stage.inFIFO),
                let fifos = try? DemoFIFOs.start(reading: stage.outFIFO, report: report)
            {
                return fifos
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
