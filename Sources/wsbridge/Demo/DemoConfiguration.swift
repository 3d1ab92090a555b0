/// The configuration that the demo runs: one feed to MQTT, UDP and a FIFO, and a way back from each.
struct DemoConfiguration {
    var folder: String
    var feedPort: Int
    var brokerPort: Int
    var udpPort: Int
    var udpBackPort: Int

    var outFIFO: String { folder + "/alarms.fifo" }
    var inFIFO: String { folder + "/console.fifo" }
    var controlSocket: String { folder + "/control.sock" }

    var yaml: String {
        """
        instance: demo
        control_socket: \(controlSocket)
        web: { listen: none }
        log: { level: warning }
        connections:
          feed:
            url: ws://127.0.0.1:\(feedPort)/v1/feed
            on_established:
              - '{"op":"subscribe","channel":"trades"}'
        mqtt:
          local: { url: 'mqtt://127.0.0.1:\(brokerPort)' }
        routes:
          trades:
            from: feed
            match: '"type":"trade"'
            to: { mqtt: local, topic: 'feed/trades/{$.symbol}', qos: 1 }
          alarms:
            from: feed
            match: { json: $.type, equals: alarm }
            to:
              - { udp: '127.0.0.1:\(udpPort)' }
              - { fifo: \(outFIFO), framing: lines }
          commands:
            from: { mqtt: local, topic: feed/send, qos: 1 }
            to: feed
          sensors:
            from: { udp: '127.0.0.1:\(udpBackPort)' }
            to: feed
          console:
            from: { fifo: \(inFIFO), framing: lines }
            to: feed

        """
    }
}
