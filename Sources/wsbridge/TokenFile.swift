import ArgumentParser
import BridgeCore
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
        // CR LF is one character.
        let token = text.last?.isNewline == true ? String(text.dropLast()) : text
        guard ConnectionCommand.isUsable(bearerToken: token) else {
            throw ValidationError("The token in \(path) is empty or holds blanks or control characters.")
        }
        return token
    }
}
