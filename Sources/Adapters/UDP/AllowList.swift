internal import BridgeCore

/// `allow_from`: which senders' datagrams are let in.
///
/// Pure.
///
/// An IPv4 sender that comes to an IPv6 socket as `::ffff:a.b.c.d` is judged as IPv4.
struct AllowList {
    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    private let blocks: [CIDR]

    init(_ blocks: [CIDR]) {
        self.blocks = blocks.map { block in
            guard block.address.count == 16, block.prefixLength >= 96, block.address.starts(with: Self.mappedPrefix)
            else { return block }
            return CIDR(address: Array(block.address[12...]), prefixLength: block.prefixLength - 96)
        }
    }

    /// Whether everyone is let in.
    var isEmpty: Bool { blocks.isEmpty }

    /// Whether this sender's datagrams are let in; its address is 4 or 16 bytes in network order.
    func allows(_ address: UnsafeRawBufferPointer) -> Bool {
        if blocks.isEmpty { return true }
        let isMapped = address.count == 16 && address.starts(with: Self.mappedPrefix)
        let plain = isMapped ? UnsafeRawBufferPointer(rebasing: address[12...]) : address
        return blocks.contains { Self.block($0, holds: plain) }
    }

    private static func block(_ block: CIDR, holds address: UnsafeRawBufferPointer) -> Bool {
        guard block.address.count == address.count else { return false }
        let whole = block.prefixLength / 8
        let rest = block.prefixLength % 8
        for index in 0..<whole where block.address[index] != address[index] { return false }
        return rest == 0 || (block.address[whole] ^ address[whole]) >> (8 - rest) == 0
    }
}
