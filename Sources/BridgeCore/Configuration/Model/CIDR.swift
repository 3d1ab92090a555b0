/// A block of IPv4 or IPv6 addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct CIDR: Sendable, Hashable {
    /// 4 or 16 bytes in network order.
    package var address: [UInt8]
    /// In bits.
    package var prefixLength: Int

    package init(address: [UInt8], prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }
}
