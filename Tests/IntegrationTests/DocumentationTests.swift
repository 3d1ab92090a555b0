import Foundation
import TestSupport
import Testing

/// The documents name what is there.
struct DocumentationTests {
    private static let pages = [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
    ]

    private func pages() throws -> [(name: String, folder: URL, text: String)] {
        let checkout = Executables.checkout
        var files = Self.pages.map { checkout.appendingPathComponent($0) }
        for folder in ["docs", "docs/decisions"] {
            let url = checkout.appendingPathComponent(folder)
            files += try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "md" }
        }
        return try files.map {
            ($0.lastPathComponent, $0.deletingLastPathComponent(), try String(contentsOf: $0, encoding: .utf8))
        }
    }

    @Test func everyLinkedFileExists() throws {
        for page in try pages() {
            for match in page.text.matches(of: #/\]\(([^)#:]+)(#[^)]*)?\)/#) {
                let target = page.folder.appendingPathComponent(String(match.1)).standardizedFileURL
                #expect(FileManager.default.fileExists(atPath: target.path), "\(page.name) links to \(match.1)")
            }
        }
    }

    @Test func everyNamedSourceFileExists() throws {
        for page in try pages() {
            for match in page.text.matches(
                of: #/`((?:Sources|Tests|Benchmarks|config|docs|scripts)/[A-Za-z0-9_+./-]*)`/#
            ) {
                let target = Executables.checkout.appendingPathComponent(String(match.1))
                #expect(FileManager.default.fileExists(atPath: target.path), "\(page.name) names \(match.1)")
            }
        }
    }

    /// S4 and S17 say nothing that this version's tests could break.
    @Test func everySecurityRequirementHasATestWithItsNumber() throws {
        let tests = Executables.checkout.appendingPathComponent("Tests")
        var numbers: Set<Int> = []
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: #/"S(\d+)[: ]/#) {
                numbers.formUnion(Int(match.1).map { [$0] } ?? [])
            }
        }
        #expect(Set(1...16).subtracting([4]).subtracting(numbers) == [])
    }

    /// Each row of the README's promises names what shows it: `Suite`, or `Suite.test`.
    @Test func everyPromiseNamesTestsThatExist() throws {
        let readme = try String(contentsOf: Executables.checkout.appendingPathComponent("README.md"), encoding: .utf8)
        let start = try #require(readme.range(of: "## What is promised about delivery"))
        let rows = readme[start.upperBound...].split(separator: "\n")
            .drop { !$0.hasPrefix("| path ") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        #expect(rows.count >= 8)
        let tests = try testSources()
        for row in rows {
            let cell = try #require(row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) })
            let names = cell.matches(of: #/`([A-Za-z]+Tests)(?:\.(\w+))?`/#)
            #expect(!names.isEmpty, "no test shows: \(row)")
            for name in names {
                let exists = tests.contains { source in
                    source.contains("struct \(name.1) {") && name.2.map { source.contains("func \($0)(") } ?? true
                }
                #expect(exists, "there is no test \(name.0)")
            }
        }
    }

    private func testSources() throws -> [String] {
        let tests = Executables.checkout.appendingPathComponent("Tests")
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }

    /// The commands of the binary, or of one of its commands, as `--help` lists them.
    private func commands(of command: [String] = []) async throws -> Set<String> {
        let help = try await run(try Executables.wsbridge, command + ["--help"]).output
        let list = try #require(help.range(of: "SUBCOMMANDS:\n"))
        return Set(help[list.upperBound...].matches(of: #/(?m)^  ([a-z]+)(?=  )/#).map { String($0.1) })
    }

    @Test("Each table of commands has the binary's commands, and no others")
    func everyCommandIsInTheTables() async throws {
        let commands = try await commands()
        #expect(commands.isSuperset(of: ["run", "check", "schema"]))
        let pages = try pages()
        let operation = try #require(pages.first { $0.name == "operation.md" }?.text)
        let table = operation.split(separator: "\n").filter { $0.hasPrefix("| `wsbridge ") }
        let cells = table.compactMap { $0.split(separator: " | ").first }
        #expect(Set(cells.flatMap { $0.matches(of: #/`wsbridge ([a-z]+)/#).map { String($0.1) } }) == commands)
        let spool = cells.flatMap { $0.matches(of: #/`wsbridge spool ([a-z]+)/#).map { String($0.1) } }
        #expect(try await Set(spool) == self.commands(of: ["spool"]))

        let architecture = try #require(pages.first { $0.name == "ARCHITECTURE.md" }?.text)
        let row = try #require(
            architecture.firstMatch(of: #/\| `Sources\/wsbridge` \| the command line: ([a-z, ]+) \|/#)
        )
        #expect(Set(row.1.split(separator: ", ").map(String.init)) == commands)

        for page in pages {
            for named in page.text.matches(of: #/`wsbridge ([a-z]+)/#) {
                #expect(commands.contains(String(named.1)), "\(page.name) names the command \(named.1)")
            }
        }
    }

    @Test func everyRecipeInTheREADMEIsAFileWithThatContent() throws {
        let readme = try String(contentsOf: Executables.checkout.appendingPathComponent("README.md"), encoding: .utf8)
        let recipes = readme.matches(of: #/\(config/([a-z-]+\.yaml)\)/#).map { String($0.1) }
        #expect(Set(recipes).count >= 10)
        let blocks = readme.matches(of: #/```yaml\n# config/([a-z-]+\.yaml)\n([\s\S]*?)```/#)
        #expect(!blocks.isEmpty)
        for block in blocks {
            let file = Executables.checkout.appendingPathComponent("config/\(block.1)")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains(block.2), "config/\(block.1) differs from what the README shows")
        }
    }
}
