import ArgumentParser
import FoundationEssentials

/// A bearer token that comes by a file or standard input, so that no list of processes shows it.
enum TokenFile {
    static func read(_ path: String) throws -> String {
        let text: String?
        if path == "-" {
            text = readLine(strippingNewline: true)
        } else {
            text = try? String(contentsOfFile: path, encoding: .utf8)
        }
        guard let text else { throw ValidationError("The token file \(path) can't be read.") }
        let token = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValidationError("The token in \(path) is empty or holds blanks or control characters.")
        }
        return token
    }
}
