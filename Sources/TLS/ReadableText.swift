/// Text of unknown origin (a peer, a certificate, a path, a file), made safe for one line of a log or a message.
///
/// Characters that break a line, steer a terminal, change the reading direction or can't be seen are written as `\n`,
/// `\r`, `\t` or `\u{XX}`; what is longer than `limit` Unicode scalars is cut.
package func readable(_ text: some StringProtocol, limit: Int = 256) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < limit else { return result + "…" }
        count += 1
        switch scalar {
        case " "..."~": result.unicodeScalars.append(scalar)
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where isUnsafeInALine(scalar): result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isUnsafeInALine(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Format holds bidirectional controls, zero-width characters and the byte order mark; unassigned, noncharacters.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        true
    default:
        false
    }
}
