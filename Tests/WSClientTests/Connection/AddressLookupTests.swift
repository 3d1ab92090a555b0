import NIOCore
import Testing

@testable import WSClient

struct AddressLookupTests {
    @Test func aLiteralNeedsNoLookup() throws {
        #expect(try AddressLookup.literal("127.0.0.1", port: 80) == SocketAddress(ipAddress: "127.0.0.1", port: 80))
        #expect(try AddressLookup.literal("::1", port: 80) == SocketAddress(ipAddress: "::1", port: 80))
        #expect(try AddressLookup.literal("localhost", port: 80) == nil)
    }

    @Test(arguments: ["fe80::1%lo", "::1%lo", "fe80::1%1"])
    func aZoneBecomesTheInterface(host: String) throws {
        let address = try #require(try AddressLookup.literal(host, port: 80))
        // sin6_scope_id is a sockaddr_in6's last member.
        let scope = address.withSockAddr { raw, size in
            UnsafeRawPointer(raw).loadUnaligned(fromByteOffset: size - 4, as: UInt32.self)
        }
        #expect(scope == 1)
        #expect(address.port == 80)
    }

    @Test func anUnknownInterfaceIsNamed() {
        let error = #expect(throws: AddressLookupError.self) { try AddressLookup.literal("fe80::1%nosuch0", port: 80) }
        #expect(
            error?.description
                == "this machine has no network interface nosuch0, which the address fe80::1%nosuch0 names"
        )
    }
}
