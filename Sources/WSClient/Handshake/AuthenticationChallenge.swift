/// `WWW-Authenticate` and `Proxy-Authenticate`: the ways to log in that a server asks for (RFC 9110, section 11.6.1).
///
///     Digest realm="a, b", qop="auth", Negotiate, NTLM TlRMTVNTUAAC=
package enum AuthenticationChallenge {
    /// More are never named.
    private static let mostNamed = 5

    /// The schemes that these header lines ask for, each once, as the server writes them.
    package static func schemes(_ lines: [String]) -> [String] {
        var seen: Set<String> = []
        return lines.flatMap { elements(Array($0.utf8)) }.compactMap(scheme).filter {
            $0.utf8.count <= 40 && seen.insert($0.lowercased()).inserted
        }
    }

    /// Says that none of the schemes that are asked for is one of ours; `nil` if one is, or none is named.
    package static func complaint(_ lines: [String], spoken: [String]) -> String? {
        let asked = schemes(lines)
        let ours = Set(spoken.map { $0.lowercased() })
        guard !asked.isEmpty, ours.isDisjoint(with: asked.map { $0.lowercased() }) else { return nil }
        let named = asked.prefix(mostNamed).joined(separator: " or ")
        // Not a scheme at the end: followed by nothing it looks like a secret that is cut off.
        return "it asks for \(named), but only \(spoken.joined(separator: " and ")) can be given"
    }

    /// The parts between commas, outside quotes.
    private static func elements(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        var start = 0
        var isQuoted = false
        var index = 0
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                elements.append(line[start..<index])
                start = index + 1
            default: break
            }
            index += 1
        }
        return elements + [line[start...]]
    }

    /// A name alone, or one with something behind a space, is a scheme; `name=value` is a parameter of the one before.
    private static func scheme(of element: ArraySlice<UInt8>) -> String? {
        let isBlank = { (byte: UInt8) in byte == 32 || byte == 9 }
        let text = element.drop(while: isBlank)
        let name = text.prefix(while: WebSocketHeaderError.isToken)
        let rest = text.dropFirst(name.count)
        let next = rest.first { !isBlank($0) }
        guard !name.isEmpty, next != UInt8(ascii: "="), rest.first.map(isBlank) ?? true else { return nil }
        return String(decoding: name, as: UTF8.self)
    }
}
