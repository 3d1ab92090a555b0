/// Text from a peer, a certificate or a path, made safe for one line of a log: control, line-breaking and
/// bidirectional characters are written as `\u{XX}`, and what is longer than `limit` characters is cut.
package func readable(_ text: String, limit: Int = 256) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < limit else { return result + "…" }
        count += 1
        if isUnsafeInALine(scalar) {
            result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isUnsafeInALine(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Cf holds the bidirectional controls, zero-width characters and the byte order mark.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        true
    default:
        false
    }
}
