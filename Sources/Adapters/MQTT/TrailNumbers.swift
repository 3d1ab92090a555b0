import BridgeCore

/// The trails that a sink's messages came with, numbered from 1, by their bytes: in a network of gateways they are few.
struct TrailNumbers {
    /// Strangers can make up more; then numbering begins anew.
    static let most = 64

    private var trails: [[UInt8]] = []

    var isFull: Bool { trails.count >= Self.most }

    func number(of trail: UnsafeRawBufferPointer) -> Int? {
        trails.firstIndex { $0.elementsEqual(trail) }.map { $0 + 1 }
    }

    mutating func add(_ trail: UnsafeRawBufferPointer) -> Int {
        trails.append(Array(trail))
        return trails.count
    }

    /// None of number 0.
    func gateways(of number: Int) -> [String] {
        guard trails.indices.contains(number - 1) else { return [] }
        return trails[number - 1].withUnsafeBytes { CarriedProperties($0)?.gateways ?? [] }
    }
}
