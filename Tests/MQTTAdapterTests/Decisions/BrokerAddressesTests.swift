import Testing

@testable import MQTTAdapter

@Suite struct BrokerAddressesTests {
    @Test func whatWorkedIsTriedFirstAsLongAsTheNameHasIt() {
        var addresses = BrokerAddresses { host in
            .success(host == "moved" ? ["192.0.2.9"] : ["2001:db8::1", "192.0.2.1", "192.0.2.2"])
        }
        #expect(addresses.addresses(of: "a") == .success(["2001:db8::1", "192.0.2.1", "192.0.2.2"]))
        addresses.worked("192.0.2.2")
        #expect(addresses.addresses(of: "a") == .success(["192.0.2.2", "2001:db8::1", "192.0.2.1"]))
        #expect(addresses.addresses(of: "moved") == .success(["192.0.2.9"]))
    }

    @Test func anAddressIsItself() {
        #expect(BrokerAddresses.system("127.0.0.1") == .success(["127.0.0.1"]))
        #expect(BrokerAddresses.system("::1") == .success(["::1"]))
    }
}
