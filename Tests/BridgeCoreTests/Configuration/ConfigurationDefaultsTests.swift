import BridgeCore
import Testing

/// What the machine and the environment say where the file says nothing.
struct ConfigurationDefaultsTests {
    @Test(arguments: [
        ("site-12", "site-12"), ("a.b.example.com", "a.b.example.com"), ("a/b+c#d$e f\t", "a-b-c-d-e-f-"),
        ("", "wsbridge"), (String(repeating: "x", count: 100), String(repeating: "x", count: 64)),
    ])
    func theInstanceIsTheHostNameAsOneTopicLevel(hostName: String, instance: String) {
        #expect(ConfigurationDefaults(environment: [:], hostName: hostName, userID: 0).instance == instance)
    }

    @Test(arguments: [
        (["RUNTIME_DIRECTORY": "/run/wsbridge", "XDG_RUNTIME_DIR": "/run/user/7"], "/run/wsbridge/control.sock"),
        (["RUNTIME_DIRECTORY": "/run/a:/run/b"], "/run/a/control.sock"),
        (["XDG_RUNTIME_DIR": "/run/user/7"], "/run/user/7/wsbridge/control.sock"),
        (["XDG_RUNTIME_DIR": ""], "/tmp/wsbridge-7/control.sock"),
        ([:], "/tmp/wsbridge-7/control.sock"),
    ])
    func theControlSocket(environment: [String: String], path: String) {
        #expect(ConfigurationDefaults(environment: environment, hostName: "h", userID: 7).controlSocket == path)
    }

    @Test func theStateDirectory() throws {
        let environment = ["STATE_DIRECTORY": "/var/lib/wsbridge:/other"]
        #expect(try configuration("routes: {}\n", environment: environment).stateDirectory == "/var/lib/wsbridge")
        #expect(try configuration("state_dir: none\nroutes: {}\n", environment: environment).stateDirectory == nil)
        #expect(try configuration("routes: {}\n").stateDirectory == nil)
    }

    @Test func theSmallestConnectionHasTheDefaultsOfTheReference() throws {
        let gateway = try configuration("connections: { cloud: { url: wss://a.b } }\nroutes: {}\n")
        let connection = gateway.connections[0]
        #expect(connection == ConnectionConfiguration(name: "cloud", endpoint: connection.endpoint))
        #expect(connection.autoConnect && connection.autoReconnect && connection.sendKeepAlive)
        #expect(connection.reconnect.initialDelay == .seconds(1))
        #expect(connection.reconnect.maxDelay == .seconds(60))
        #expect(connection.reconnect.stableAfter == .seconds(30))
        #expect(connection.keepAlive.interval == .seconds(20) && connection.keepAlive.timeout == .seconds(10))
        #expect(connection.connectTimeout == .seconds(10) && connection.silenceTimeout == nil)
        #expect(
            connection.maxMessageSize == 16 << 20 && connection.compression == nil && connection.followRedirects == 0
        )
        #expect(gateway.instance == "site-12" && gateway.shutdownTimeout == .seconds(10))
        #expect(gateway.log.level == .info && gateway.log.format == .text)
        #expect(gateway.controlSocket == "/tmp/wsbridge-1000/control.sock")
    }

    @Test func queuesHaveDefaultsByTheirSink() throws {
        let text = """
            connections: { cloud: { url: wss://a.b } }
            mqtt: { local: { url: mqtt://127.0.0.1 } }
            routes:
              r:
                from: cloud
                to:
                  - { mqtt: local, topic: a }
                  - { mqtt: local, topic: b, qos: 1 }
                  - { udp: "127.0.0.1:5005" }
                  - { fifo: /a/b }
              s: { from: { udp: "127.0.0.1:5006" }, to: cloud }
            """
        let memory = try configuration(text)
        #expect(memory.routes[0].sinks.map(\.queue.whenFull) == [.block, .block, .dropNewest, .block])
        #expect(memory.routes[0].sinks.map(\.queue.store) == [.memory, .memory, .memory, .memory])
        #expect(memory.routes[0].sinks.allSatisfy { $0.queue.maxBytes == 16 << 20 && $0.queue.maxDisk == 1 << 30 })
        #expect(memory.routes[1].sinks[0].queue.whenFull == .block)

        // With a folder for the spool what is acknowledged spills: silently, as the file says nothing of it.
        let spool = try configuration(text, environment: ["STATE_DIRECTORY": "/var/lib/wsbridge"])
        #expect(spool.routes[0].sinks.map(\.queue.store) == [.memory, .spill, .memory, .memory])
    }
}
