import Foundation
import TestSupport
import Testing

/// Where messages wait, and what becomes of those that can't be delivered.
struct DeliveryTests {
    @Test func aBrokersAbsenceLosesNothing() async throws {
        try await withKeeper { parts in
            let yaml =
                parts.standard() + "routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } } }\n"
            try await withGateway(yaml, in: parts.directory) { gateway in
                try await parts.server.waitForEstablished()
                let messages = (0..<3_000).map { "message \($0)" }
                try await parts.server.send(messages[..<1_000].map { .text($0) })
                await parts.broker.stop()
                try await parts.server.send(messages[1_000..<2_000].map { .text($0) })
                try await gateway.status("the rest is queued") { status in
                    (status.routes["out"]?.sinks[0].queued ?? 0) >= 1_000
                        && status.routes["out"]?.received == 2_000
                }
                try await parts.broker.start()
                try await parts.server.send(messages[2_000...].map { .text($0) })
                let status = try await gateway.status("all is delivered", within: .seconds(60)) {
                    $0.routes["out"]?.sinks[0].delivered == 3_000
                }
                status.expectBalance()
                try await parts.expectKept(messages)
            }
        }
    }

    @Test func messagesWaitForTheConnectionAndGoOutInOrder() async throws {
        try await withEstablishedSite(routes: { _ in
            "in: { from: { mqtt: local, topic: feed/send, qos: 1 }, to: cloud }"
        }) { site in
            try await site.command("disconnect")
            try await site.event("disconnected")
            let messages = (0..<500).map { "message \($0)" }
            try await site.mqtt.publish(messages.map { ("feed/send", Array($0.utf8)) })
            try await site.gateway.status("they wait") { $0.routes["in"]?.sinks[0].queued == 500 }
            try await site.command("connect")
            try await site.server.waitForMessages(500)
            #expect(site.server.texts == messages)
            #expect(try await site.stopAndTakeStats().sink("in").delivered == 500)
        }
    }

    @Test func aReaderMayComeLateAndGoAndComeBack() async throws {
        try await withEstablishedSite(routes: { parts in
            "out: { from: cloud, to: { fifo: \"\(parts.path("out.fifo"))\", no_reader: keep } }"
        }) { site in
            let path = site.gateway.directory.appendingPathComponent("out.fifo").path
            try await site.server.send("before any reader")
            try await withFIFOReader(path) { reader in
                try await eventually("the kept one") { reader.lines == ["before any reader"] }
            }
            try await site.server.send("between readers")
            try await withFIFOReader(path) { reader in
                try await eventually("the one between") { reader.lines == ["between readers"] }
                try await site.server.send("live")
                try await eventually("the live one") { reader.lines == ["between readers", "live"] }
            }
            #expect(site.gateway.process.isRunning)
            #expect(try await site.stopAndTakeStats().sink("out").delivered == 3)
        }
    }

    @Test(
        "A JSON text reaches jq unharmed by default: quotes, backslashes, line breaks of all kinds between its members"
    )
    func jsonReachesJQ() async throws {
        try await withEstablishedSite(routes: { parts in
            "out: { from: cloud, to: { fifo: \"\(parts.path("out.fifo"))\" } }"
        }) { site in
            let path = site.gateway.directory.appendingPathComponent("out.fifo").path
            let values = [#""say \"hi\" in C:\\new\\r""#, #""two\nlines\r\n""#, "\r\n[1,\n2,\r3]\r"]
            try await withProcess(try Executables.installed("jq"), ["-c", "--unbuffered", ".v", path]) {
                jq in
                for value in values { try await site.server.send("{\n  \"v\": \(value)\r\n}\n") }
                try await eventually("all values") { jq.output.lines.count == values.count }
                #expect(jq.output.lines == [values[0], values[1], "[1,2,3]"])
            }
        }
    }

    @Test func aWrittenWhenFullDecidesWhileNobodyReads() async throws {
        try await withEstablishedSite(routes: { parts in
            """
            default: { from: cloud, to: { fifo: "\(parts.path("a.fifo"))" }, queue: { max_bytes: 130B } }
            newest:
              from: cloud
              to: { fifo: "\(parts.path("b.fifo"))", queue: { when_full: drop_newest } }
              queue: { max_bytes: 130B }
            oldest: { from: cloud, to: { fifo: "\(parts.path("c.fifo"))" }, queue: { max_bytes: 130B, when_full: drop_oldest } }
            """
        }) { site in
            for message in ["1", "2", "3", "4"] { try await site.server.send(message) }
            let status = try await site.gateway.status("all arrived") { $0.connections["cloud"]?.received == 4 }
            status.expectBalance()
            #expect(try status.sink("default").dropped == ["no_reader": 2])
            #expect(try status.sink("newest").dropped == ["queue_full": 2])
            #expect(try status.sink("oldest").dropped == ["queue_full": 2])
            for (name, kept) in [("a", ["3", "4"]), ("b", ["1", "2"]), ("c", ["3", "4"])] {
                try await withFIFOReader(site.gateway.directory.appendingPathComponent("\(name).fifo").path) { reader in
                    try await eventually("what was kept") { reader.lines == kept }
                }
            }
        }
    }

    @Test func whatCannotBeDeliveredIsCountedByReasonAndSaidOnce() async throws {
        try await withUDPReceiver { receiver in
            try await withEstablishedSite(routes: { parts in
                """
                field:   { from: cloud, to: { mqtt: local, topic: 'out/{$.name}', qos: 1 } }
                newline: { from: cloud, to: { fifo: "\(parts.path("a.fifo"))", on_newline: drop } }
                nobody:  { from: cloud, to: { fifo: "\(parts.path("b.fifo"))", no_reader: discard } }
                large:   { from: cloud, to: { udp: "127.0.0.1:\(receiver.port)", max_size: 20 } }
                utf8:    { from: { mqtt: local, topic: feed/send, qos: 1 }, to: cloud }
                """
            }) { site in
                for message in [
                    #"{"name":"good"}"#, #"{"name":"a/b"}"#, ##"{"name":"#"}"##, #"{"other":1}"#, "no JSON\nat all",
                ] { try await site.server.send(message) }
                try await site.mqtt.publish([("feed/send", [0xff]), ("feed/send", Array("good".utf8))])
                try await site.server.waitForMessages(1)
                #expect(site.server.texts == ["good"])
                try await site.gateway.status("all arrived") { $0.connections["cloud"]?.received == 5 }
                let status = try await site.gateway.status("the settled route") {
                    $0.routes["field"]?.sinks[0].queued == 0
                }
                status.expectBalance()
                #expect(try status.sink("field").dropped == ["topic_invalid": 2, "topic_field_missing": 2])
                #expect(try status.sink("nobody").dropped == ["no_reader": 5])
                #expect(try status.sink("large").dropped == [:])
                #expect(try status.sink("utf8").dropped == ["not_utf8": 1])
                _ = try await site.gateway.log.line("advice about binary") { $0.contains("as: binary") }
                // What a record may hold is looked at when there is a reader to write it for.
                try await withFIFOReader(site.gateway.directory.appendingPathComponent("a.fifo").path) { reader in
                    try await eventually("the four others") { reader.lines.count == 4 }
                    try await site.gateway.status("the fifth") {
                        $0.routes["newline"]?.sinks[0].dropped == ["newline": 1]
                    }
                }
                for route in ["field", "newline", "nobody", "utf8"] {
                    _ = try await site.gateway.log.line("a line about \(route)") { $0.contains(route) }
                }
            }
        }
    }

    @Test func datagramsAboveTheSizeAreDroppedOrCut() async throws {
        try await withUDPReceiver { receiver in
            try await withEstablishedSite(routes: { _ in
                """
                drop: { from: cloud, to: { udp: "127.0.0.1:\(receiver.port)", max_size: 10 } }
                """
            }) { site in
                for text in ["0123456789", "0123456789A", "short"] { try await site.server.send(text) }
                try await receiver.waitForDatagrams(2)
                #expect(receiver.texts == ["0123456789", "short"])
                #expect(try await site.stopAndTakeStats().sink("drop").dropped == ["too_large": 1])
            }
            try await withEstablishedSite(routes: { _ in
                """
                cut: { from: cloud, to: { udp: "127.0.0.1:\(receiver.port)", max_size: 10, oversize: truncate } }
                """
            }) { site in
                try await site.server.send("0123456789A")
                try await receiver.waitForDatagrams(3)
                #expect(receiver.texts.last == "0123456789")
            }
        }
    }

    @Test func aFullQueueThatBlocksPausesTheSourceAndSaysSo() async throws {
        try await withEstablishedSite(routes: { parts in
            """
            out:
              from: cloud
              to: { fifo: "\(parts.path("out.fifo"))", no_reader: block, framing: length }
              queue: { when_full: block, max_bytes: 64KiB }
            """
        }) { site in
            let payload = [UInt8](repeating: 7, count: 1_000)
            let total = 20_000
            async let sent: Void = site.server.send(
                [TestWebSocketServer.Sending](repeating: .binary(payload), count: total)
            )
            try await site.connectionStatus("throttled") { _ in
                site.mqtt.messages.contains {
                    $0.topic.hasSuffix("cloud/connection_status") && $0.text.contains("throttled")
                }
            }
            let status = try await site.gateway.status("a bounded queue") { $0.routes["out"]?.sinks[0].queued ?? 0 > 0 }
            status.expectBalance()
            #expect(try status.sink("out").queued_bytes < 2 << 20)
            #expect(try #require(status.routes["out"]).received < total)
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                try await eventually("all of it", within: .seconds(60)) { reader.byteCount == total * 1_004 }
            }
            try await sent
            let stats = try await site.stopAndTakeStats()
            #expect(try stats.sink("out").delivered == total)
        }
    }

    @Test func aFullQueueDropsByItsPolicy() async throws {
        try await withEstablishedSite(routes: { parts in
            """
            oldest:
              from: cloud
              to: { fifo: "\(parts.path("a.fifo"))", no_reader: block }
              queue: { when_full: drop_oldest, max_bytes: 64KiB }
            newest:
              from: cloud
              to: { fifo: "\(parts.path("b.fifo"))", no_reader: block }
              queue: { when_full: drop_newest, max_bytes: 64KiB }
            """
        }) { site in
            // Each counts for 1,024 bytes: 64 fit.
            let messages = (0..<200).map { "\($0) ".padding(toLength: 960, withPad: "x", startingAt: 0) }
            try await site.server.send(messages.map { .text($0) })
            let status = try await site.gateway.status("all arrived") { $0.routes["newest"]?.received == 200 }
            status.expectBalance()
            for route in ["oldest", "newest"] {
                #expect(try status.sink(route).dropped == ["queue_full": 136])
                #expect(try status.sink(route).queued == 64)
            }
            for (name, expected) in [("a", Array(messages[136...])), ("b", Array(messages[..<64]))] {
                try await withFIFOReader(site.gateway.directory.appendingPathComponent("\(name).fifo").path) { reader in
                    try await eventually("what was kept") { reader.lines.count == 64 }
                    #expect(reader.lines == expected)
                }
            }
        }
    }

    @Test("S12: a datagram from outside allow_from is dropped and counted")
    func sendersOutsideTheListAreRefusedAndCounted() async throws {
        let port = freePort()
        try await withEstablishedSite(routes: { _ in
            """
            in: { from: { udp: "127.0.0.1:\(port)", allow_from: [ 10.0.0.0/8 ] }, to: cloud }
            """
        }) { site in
            let sender = try UDPSender(toPort: port)
            sender.send("from 127.0.0.1")
            try await site.gateway.status("the refused sender") { status in
                status.sources?.values.contains { $0.rejected["not_allowed"] == 1 } ?? false
            }
            let stats = try await site.stopAndTakeStats()
            #expect(stats.routes["in"]?.received == 0)
            #expect(site.server.messageCount == 0)
        }
    }

    @Test func severalFaultyPartsDontStopTheOthers() async throws {
        let port = freePort()
        try await withUDPReceiver(port: port) { _ in
            try await withSite(yaml: { parts in
                try "a file".write(toFile: parts.path("file"), atomically: true, encoding: .utf8)
                return parts.standard() + """
                    routes:
                      taken: { from: { udp: "127.0.0.1:\(port)" }, to: cloud }
                      works: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                    """
            }) { site in
                _ = try await site.gateway.log.line("the port in use") { $0.contains("\(port)") }
                try await site.event("established")
                try await site.server.send("still works")
                _ = try await site.mqtt.message(on: "out")
            }
        }
    }
}
