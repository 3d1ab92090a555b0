import BridgeCore
import Testing

/// The name by which brokers and dashboards know a gateway.
struct InstanceTests {
    private func lines(_ yaml: String, on hostName: String) -> [String] {
        ConfigurationLoader(environment: [:], hostName: hostName, userID: 1000)
            .load(Array((yaml + "routes: {}\n").utf8), file: "f").diagnostics.map(\.description)
    }

    @Test(arguments: [
        "0123456789ab", "FEDCBA987654", "localhost", "localhost.localdomain", "raspberrypi", "RaspberryPi.local",
    ])
    func anAccidentalHostNameIsAWarning(hostName: String) {
        let found = lines("", on: hostName)
        #expect(found.count == 1)
        #expect(
            found[0].hasPrefix("f:1:1: warning: there is no instance, so it is the host name '\(hostName)', which ")
        )
        #expect(found[0].hasSuffix("; write instance: NAME"))
        #expect(lines("instance: \(hostName.prefix { $0 != "." })x\n", on: hostName) == [])
        // Whoever writes it wants it.
        #expect(lines("instance: '\(hostName)'\n", on: hostName) == [])
    }

    @Test(arguments: ["site-12", "0123456789a", "0123456789abc", "feedfacecafg", "raspberrypi2", "pi"])
    func anotherHostNameIsAsGoodAsAnyName(hostName: String) {
        #expect(lines("", on: hostName) == [])
    }
}
