import BridgeCore
import Testing

@testable import UDPAdapter

struct AllowListTests {
    private let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    private func allows(_ address: [UInt8], _ blocks: (address: [UInt8], prefixLength: Int)...) -> Bool {
        let list = AllowList(blocks.map { CIDR(address: $0.address, prefixLength: $0.prefixLength) })
        return address.withUnsafeBytes { list.allows($0) }
    }

    @Test
    func anEmptyListLetsEveryoneIn() {
        #expect(AllowList([]).isEmpty)
        #expect(allows([8, 8, 8, 8]))
    }

    @Test
    func prefixesEndAtAnyBit() {
        #expect(allows([10, 1, 2, 3], ([10, 0, 0, 0], 8)))
        #expect(!allows([11, 1, 2, 3], ([10, 0, 0, 0], 8)))
        #expect(allows([192, 168, 7, 200], ([192, 168, 6, 0], 23)))
        #expect(!allows([192, 168, 8, 0], ([192, 168, 6, 0], 23)))
        #expect(allows([1, 2, 3, 4], ([1, 2, 3, 4], 32)))
        #expect(!allows([1, 2, 3, 5], ([1, 2, 3, 4], 32)))
        #expect(allows([1, 2, 3, 5], ([0, 0, 0, 0], 0)))
    }

    @Test
    func anyOfTheBlocksLetsIn() {
        #expect(allows([172, 16, 0, 9], ([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12)))
    }

    @Test
    func theFamiliesAreKeptApartButForMappedAddresses() {
        let unique: [UInt8] = [0xfd] + Array(repeating: 0, count: 15)
        #expect(allows([0xfd, 1] + Array(repeating: 7, count: 14), (unique, 8)))
        #expect(!allows([0xfd, 0, 0, 1], (unique, 8)))
        #expect(allows(mapped + [10, 1, 2, 3], ([10, 0, 0, 0], 8)))
        #expect(!allows(mapped + [11, 1, 2, 3], ([10, 0, 0, 0], 8)))
        #expect(allows([10, 1, 2, 3], (mapped + [10, 0, 0, 0], 104)))
        #expect(!allows([11, 1, 2, 3], (mapped + [10, 0, 0, 0], 104)))
    }
}
