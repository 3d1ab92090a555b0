/// How rare a byte is in what feeds carry: JSON and other text.
///
/// An estimate: a wrong one costs time only.
enum ByteRarity {
    /// From the commonest on.
    private static let common: StaticString =
        "\"e,:ta0 inosr1l2d.c}{m5p346u789h-gbyf_v[]k/TwSxAqCEzDINOPRMBLUjFHGVWXKYJQZ\n=@%"

    private static let ranks: [UInt8] = {
        var ranks = [UInt8](repeating: 255, count: 256)
        for index in 0..<common.utf8CodeUnitCount {
            ranks[Int(common.utf8Start[index])] = UInt8(truncatingIfNeeded: index)
        }
        return ranks
    }()

    /// The higher, the rarer.
    static func rank(_ byte: UInt8) -> UInt8 { ranks[Int(byte)] }
}
