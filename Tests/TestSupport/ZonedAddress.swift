import Foundation

/// An IPv6 address of this machine with a zone: `fe80::1%eth0`, else `::1%lo`.
package struct ZonedAddress: Sendable {
    package let address: String
    package let zone: String

    /// `nil` where this machine has no IPv6.
    package static let ofThisMachine: ZonedAddress? = {
        let table = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? ""
        let rows = table.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count == 6 }
        let row = rows.first { $0[0].hasPrefix("fe80") } ?? rows.first { $0[5] == "lo" }
        guard let row else { return nil }
        let digits = Array(row[0])
        let groups = stride(from: 0, to: 32, by: 4).map { String(digits[$0..<$0 + 4]) }
        return ZonedAddress(address: groups.joined(separator: ":"), zone: String(row[5]))
    }()
}
