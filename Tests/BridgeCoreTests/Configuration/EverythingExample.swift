/// A file that uses every part of the configuration.
enum EverythingExample {
    static let text = #"""
        instance: site-12                # default: host name. Part of every status topic
        state_dir: /var/lib/wsbridge     # default: $STATE_DIRECTORY; none = no spool

        connections:
          cloud:
            url: wss://stream.example.com/v1/feed
            # or: hostname: stream.example.com
            #     path: /v1/feed
            #     protocol: wss          # ws | wss
            #     port: 0                # 0 = the protocol's default
            auto_connect: true
            auto_reconnect: true
            reconnect: { initial_delay: 1s, max_delay: 60s, stable_after: 30s }   # full jitter
            connect_timeout: 10s
            send_keep_alive: true
            keep_alive: { interval: 20s, timeout: 10s }     # WebSocket ping, pong deadline
            silence_timeout: none        # no data message for so long: reconnect
            bearer_token: ${CLOUD_TOKEN} # or { file: /run/credentials/token }
            headers: { X-Site: "12" }
            subprotocols: [feed.v1]
            compression: { min_size: 128B, level: 6, outgoing_context_takeover: false, incoming_context_takeover: true,
                           outgoing_window_bits: 12, incoming_window_bits: 15, max_ratio: 256 }
            max_message_size: 16MiB
            on_established:              # sent in order at each (re)connect
              - '{"op":"subscribe","channel":"trades"}'
            tls: { ca_file: x.pem, cert_file: c.pem, key_file: k.pem, server_name: n,
                   min_version: "1.2", pin_sha256: ["x3sgSKVIGhKuPCRbzvKZCsNvdVmTzgMqzpqdHqKJ9Ks="], insecure: false }
            extended_logging: false
            log_comms: false

        mqtt:
          local:
            url: mqtt://127.0.0.1:1883   # mqtt | mqtts
            protocol_version: "5"        # "5" | "3.1.1"
            client_id: wsbridge-site-12  # default: wsbridge-<instance>-<broker name>
            username: u
            password: { file: /run/credentials/mqtt }
            keep_alive: 30s
            clean_session: false
            session_expiry: 168h
            max_inflight: 100
            response_topics: [ 'replies/#' ]
            tls: { }                     # the same block as above

        status:
          mqtt: local                    # default: the only broker; none = no status topics
          base_topic: wsbridge/site-12   # default: wsbridge/<instance>

        web:
          listen: 127.0.0.1:8780         # page, read-only API, metrics; `none` switches it off. If the default
                                         # (not a configured) address is taken: a warning, and on without it
        control_socket: /run/wsbridge/control.sock   # default: $RUNTIME_DIRECTORY/control.sock, else
                                                     # a per-user runtime folder; mode 0600

        routes:
          trades:
            from: cloud                          # a connection
            match: '"type":"trade"'              # contains; empty or absent = every message
            to: { mqtt: local, topic: 'feed/trades/{$.symbol}', qos: 1, retain: false }
            queue: { when_full: block, max_bytes: 64MiB, ttl: none, store: memory }
            #        store defaults to spill for MQTT sinks at QoS 1-2 when there is a state_dir, else memory
          alarms:
            from: cloud
            match: { all: [ { json: $.type, equals: alarm }, { not: { contains: test } } ] }
            to:                                  # several sinks: each has its own queue
              - { udp: "127.0.0.1:5005" }
              - { fifo: /run/wsbridge/alarms.fifo, framing: lines }
          commands:
            from: { mqtt: local, topic: feed/send, qos: 1 }
            to: cloud                            # text; or { connection: cloud, as: binary }
            reply_to: { match: '"type":"ack"', timeout: 5s }
          sensors:
            from: { udp: "127.0.0.1:5006" }
            to: cloud
          console:
            from: { fifo: /run/wsbridge/in.fifo, framing: lines }
            to: cloud
        """#
}
