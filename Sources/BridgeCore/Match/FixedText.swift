#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A text to compare bytes with, with or without regard to the case of A to Z.
struct FixedText: Sendable {
    /// In lower case where `foldsCase`.
    let bytes: ContiguousArray<UInt8>
    let foldsCase: Bool

    init(_ text: String, foldsCase: Bool) {
        bytes = ContiguousArray(foldsCase ? text.utf8.map(ASCIICase.fold) : Array(text.utf8))
        self.foldsCase = foldsCase
    }

    var count: Int { bytes.count }

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard other.count == bytes.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            foldsCase ? ASCIICase.areEqual(bytes, other) : areEqual(bytes, other)
        }
    }
}

extension FixedText {
    /// Whether it is what the text of a JSON string, between the quotes, stands for.
    func equals(escaped text: UnsafeRawBufferPointer) -> Bool {
        // No escape is shorter than what it stands for.
        guard text.count >= bytes.count else { return false }
        var decoder = JSONStringDecoder(text)
        for byte in bytes {
            guard let other = decoder.next(), byte == (foldsCase ? ASCIICase.fold(other) : other) else { return false }
        }
        return decoder.next() == nil && !decoder.isMalformed
    }
}

/// The case of A to Z, and of no other letters.
enum ASCIICase {
    @inline(__always)
    static func fold(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Whether `bytes`, folded already, equal the others, which are as many.
    @inline(__always)
    static func areEqual(_ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<bytes.count where bytes[index] != fold(others[index]) { return false }
        return true
    }
}

/// Whether both hold the same bytes; they are equally many.
@inline(__always)
func areEqual(_ bytes: UnsafeRawBufferPointer, _ others: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, let otherBase = others.baseAddress else { return true }
    return memcmp(base, otherBase, bytes.count) == 0
}
