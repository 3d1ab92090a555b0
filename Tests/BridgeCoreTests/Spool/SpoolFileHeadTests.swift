import Testing

@testable import BridgeCore

/// Whose a file is, by its first bytes.
struct SpoolFileHeadTests {
    private func head(_ owner: [UInt8], version: UInt8, page: UInt8 = 0x0d, tables: UInt8) -> [UInt8] {
        var bytes = Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 92)
        bytes.replaceSubrange(68..<72, with: owner)
        bytes[63] = version
        bytes[100] = page
        bytes[104] = tables
        return bytes
    }

    private func problem(_ bytes: [UInt8]) -> SpoolError? { SpoolFileHead.problem(with: bytes, path: "x") }

    private let ours = Array("wsbr".utf8)
    private let nobodys: [UInt8] = [0, 0, 0, 0]

    @Test func ourOwnIsGood() {
        #expect(problem(head(ours, version: 1, tables: 6)) == nil)
        #expect(problem(head(nobodys, version: 0, tables: 0)) == nil, "begun, with its tables in the log beside it")
    }

    @Test func anothersIsNot() {
        #expect(problem(head([1, 2, 3, 4], version: 1, tables: 6)) == .foreign(path: "x"))
        #expect(problem(head(nobodys, version: 0, tables: 1)) == .foreign(path: "x"))
        #expect(problem(head(nobodys, version: 3, tables: 0)) == .foreign(path: "x"))
        #expect(problem(head(nobodys, version: 0, page: 0x05, tables: 0)) == .foreign(path: "x"), "so many tables")
        #expect(problem(head(ours, version: 2, tables: 6)) == .newer(path: "x", version: 2))
    }

    /// It is put aside at the start.
    @Test func whatIsNoDatabaseKeepsNobodyFromStarting() {
        #expect(problem([]) == nil)
        #expect(problem([UInt8](repeating: 0xff, count: 108)) == nil)
        #expect(problem(Array(head([1, 2, 3, 4], version: 1, tables: 6).dropLast())) == nil)
    }
}
