import Foundation
import Testing

/// Each security requirement has a test that carries its number, and docs/security.md names it.
struct RequirementTests {
    static let required = [
        "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14", "S15", "S16",
    ]

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The numbers in the names of tests and suites, and the files they stand in.
    static func numbered() throws -> [String: Set<String>] {
        var files: [String: Set<String>] = [:]
        let tests = root.appendingPathComponent("Tests")
        for case let path as String in FileManager.default.enumerator(atPath: tests.path) ?? .init()
        where path.hasSuffix(".swift") {
            let text = try String(contentsOf: tests.appendingPathComponent(path), encoding: .utf8)
            for name in text.matches(of: /@(?:Test|Suite)\(\s*"((?:[^"\\]|\\.)*)"/) {
                for number in name.1.matches(of: /\bS\d+\b/) { files[String(number.0), default: []].insert(path) }
            }
        }
        return files
    }

    @Test(arguments: required)
    func hasATestWithItsNumber(requirement: String) throws {
        #expect(try Self.numbered()[requirement]?.isEmpty == false, "no test names \(requirement)")
    }

    @Test func theDocumentationNamesTestsThatExist() throws {
        let numbered = try Self.numbered()
        let page = Self.root.appendingPathComponent("docs/security.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        var listed: Set<String> = []
        for row in text.matches(of: /\| (S\d+) \| (`[^|]*`) \|\n/) {
            let requirement = String(row.1)
            listed.insert(requirement)
            for file in row.2.matches(of: /`([^`]+)`/) {
                let path = String(file.1)
                #expect(numbered[requirement]?.contains(path) == true, "\(path) has no test of \(requirement)")
            }
        }
        #expect(Set(Self.required).isSubset(of: listed), "missing: \(Set(Self.required).subtracting(listed))")
    }
}
