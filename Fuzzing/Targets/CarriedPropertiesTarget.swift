@testable import BridgeCore

extension FuzzTarget {
    /// Input: the bytes of a message's properties, as they come back from a disk.
    static let carriedProperties = FuzzTarget(
        "carried-properties",
        "what is read from any bytes, written again and read again is the same"
    ) { bytes in
        func read(_ bytes: [UInt8]) -> (gateways: [String], response: ResponseAddress?, trail: [UInt8])? {
            bytes.withUnsafeBytes { bytes in
                CarriedProperties(bytes).map { ($0.gateways, $0.response, Array($0.trail)) }
            }
        }
        guard let first = read(bytes) else { return }
        try require(bytes.starts(with: first.trail), "a trail that isn't the beginning")
        let again = CarriedProperties.encode(gateways: first.gateways, response: first.response)
        guard let second = read(again) else { throw PropertyBroken(description: "what we write can't be read") }
        // What is longer than we take is cut.
        let isBounded =
            first.gateways.count <= CarriedProperties.mostGateways
            && first.gateways.allSatisfy { $0.utf8.count <= CarriedProperties.longestGateway }
            && (first.response.map { $0.topic.utf8.count + $0.correlation.count } ?? 0) <= ResponseTopics.mostBytes
        guard isBounded else { return }
        try require(second.gateways == first.gateways, "\(first.gateways) became \(second.gateways)")
        try require(second.response == first.response, "the address changed")
    }
}
