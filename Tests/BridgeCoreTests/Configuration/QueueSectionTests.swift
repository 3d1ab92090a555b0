import BridgeCore
import Testing

/// `queue:` of a route and of its sinks.
struct QueueSectionTests {
    private static let head = """
        state_dir: /var/lib/wsbridge
        connections: { a: { url: wss://a.b }, b: { url: wss://c.d } }
        mqtt: { local: { url: mqtt://127.0.0.1 } }

        """

    @Test func aSinksOwnSettingsGoOverTheRoutes() throws {
        let gateway = try configuration(
            Self.head + """
                routes:
                  r:
                    from: a
                    to:
                      - { connection: b, queue: { store: always, max_disk: 2GiB } }
                      - { mqtt: local, topic: t, qos: 1 }
                    queue: { ttl: 1h, when_full: conflate, conflate_by: $.symbol }
                """
        )
        let queues = gateway.routes[0].sinks.map(\.queue)
        #expect(queues.map(\.store) == [.always, .spill])
        #expect(queues.map(\.maxDisk) == [2 << 30, 1 << 30])
        #expect(queues.allSatisfy { $0.ttl == .seconds(3600) && $0.conflateBy == "$.symbol" })
    }

    @Test func spillIsTheDefaultForAcknowledgedMQTTWithAFolderOnly() throws {
        let routes = """
            routes:
              r:
                from: a
                to:
                  - { mqtt: local, topic: t, qos: 1 }
                  - { mqtt: local, topic: u, qos: 0 }
                  - b
            """
        let with = try configuration(Self.head + routes)
        #expect(with.routes[0].sinks.map(\.queue.store) == [.spill, .memory, .memory])
        let without = try configuration(Self.head.replacing("/var/lib/wsbridge", with: "none") + routes)
        #expect(without.routes[0].sinks.map(\.queue.store) == [.memory, .memory, .memory])
    }

    @Test(arguments: [
        (
            "store: spill",
            "4:48: store: spill needs a folder on disk: name one with state_dir at the top of the file"
        )
    ])
    func aSpoolNeedsAFolder(queue: String, message: String) {
        let head = Self.head.replacing("/var/lib/wsbridge", with: "none")
        expect(head + "routes: { r: { from: a, to: b, queue: { \(queue) } } }\n", says: [message])
    }

    @Test func tooLittleDiskIsRefused() {
        let text = Self.head + "routes: { r: { from: a, to: b, queue: { store: spill, max_disk: 100KiB } } }\n"
        expect(text, says: ["4:65: max_disk must be a size from 1MiB to 1048576GiB, such as 64MiB, found '100KiB'"])
    }

    @Test func aBareNumberGetsAUnitThatIsLargeEnough() {
        let text = Self.head + "routes: { r: { from: a, to: b, queue: { store: spill, max_disk: 5 } } }\n"
        expect(
            text,
            says: [
                "4:65: max_disk must be a size from 1MiB to 1048576GiB, such as 64MiB, found the number 5: "
                    + "write a unit, such as 5MiB"
            ]
        )
    }

    @Test(arguments: [
        ("to: b, queue: { max_disk: 2GiB }", 51), ("to: { connection: b, queue: { max_disk: 2GiB } }", 65),
        ("to: { mqtt: local, topic: t, qos: 1 }, queue: { store: memory, max_disk: 2GiB }", 98),
    ])
    func diskForAQueueInMemoryHasNoEffect(keys: String, column: Int) {
        expect(
            Self.head + "routes: { r: { from: a, \(keys) } }\n",
            says: ["4:\(column): warning: max_disk has no effect on a queue in memory: it needs store: spill or always"]
        )
    }

    @Test func diskForOneSinkOfTwoHasAnEffect() {
        let sinks = "[ b, { mqtt: local, topic: t, qos: 1 } ]"
        expect(Self.head + "routes: { r: { from: a, to: \(sinks), queue: { max_disk: 2GiB } } }\n", says: [])
    }
}
