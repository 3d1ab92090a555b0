import Foundation
import TestSupport
import Testing

/// The table in `docs/connecting.md` has every reason that a connection can give for its failure.
struct ReasonsTableTests {
    /// The texts that WSClient's sources make reasons of, their variable parts cut out: the longest fixed part of each.
    private static func families() throws -> [(file: String, text: String)] {
        let sources = Executables.checkout.appendingPathComponent("Sources/WSClient")
        let files =
            FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" } ?? []
        let calls =
            #/(?:ConnectionFailure\(|failed\(\.init\(|\.failed\(\.init\(|givenUp\(because: |self\.init\()\s*"((?:[^"\\]|\\.)*)"/#
        let words = #/(?:return|case .*:|reason, needsPerson\) = \(|default:)\s*"((?:[^"\\]|\\.)*)"/#
        let reasonFiles = [
            "ConnectionFailure+Error.swift", "UnixSocketFailure.swift", "AddressLookup.swift",
            "ResponseHeadParser.swift", "CloseStateMachine.swift", "CompressionOffer.swift",
        ]
        var found: [(String, String)] = []
        for file in files {
            let name = file.lastPathComponent
            let text = try String(contentsOf: file, encoding: .utf8)
            var literals = text.matches(of: calls).map { String($0.1) }
            if reasonFiles.contains(name) { literals += text.matches(of: words).map { String($0.1) } }
            found += literals.map { (name, longestFixedPart(of: $0)) }
        }
        // Shorter ones are words within another reason.
        return found.filter { $0.1.count >= 12 }
    }

    private static func longestFixedPart(of literal: String) -> String {
        var parts: [String] = [""]
        var depth = 0
        var rest = Substring(literal)
        while let character = rest.popFirst() {
            if depth == 0, character == "\\", rest.first == "(" {
                rest.removeFirst()
                depth = 1
                parts.append("")
            } else if depth > 0 {
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
            } else if character != "\\" {
                parts[parts.count - 1].append(character)
            }
        }
        let longest = parts.max { $0.count < $1.count } ?? ""
        return longest.trimmingCharacters(in: CharacterSet(charactersIn: " :,;"))
    }

    @Test func hasEveryReason() throws {
        let page = Executables.checkout.appendingPathComponent("docs/connecting.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "## It keeps reconnecting: why?"))
        let table = String(text[start.upperBound...])
        let families = try Self.families()
        #expect(families.count > 40, "the search finds what it should")
        let inWords = [
            "no such network on this machine", "too many open files", "connection refused", "network unreachable",
        ]
        for (file, reason) in families where !table.contains(reason) {
            guard !inWords.contains(where: { reason.hasPrefix($0) }) else { continue }
            Issue.record("docs/connecting.md: no row of the reasons' table has \"\(reason)\" (\(file))")
        }
    }
}
