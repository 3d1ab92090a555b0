/// How a secret may stand in a message: as it is, as a string in JSON, in a URL (requirement S7).
enum SecretForms {
    /// The secret's bytes, and those of every other form that differs.
    static func all(of secret: String) -> [[UInt8]] {
        let plain = Array(secret.utf8)
        // Most tokens are made of these, and have only one form.
        guard !plain.allSatisfy(isPlain) else { return [plain] }
        var forms = [plain]
        for escapesSlash in [false, true] {
            for escapesMarkup in [false, true] {
                for unicode in [JSONString.Unicode.plain, .lowercase, .uppercase] {
                    forms.append(
                        JSONString(escapesSlash: escapesSlash, escapesMarkup: escapesMarkup, unicode: unicode)
                            .escaped(secret)
                    )
                }
            }
        }
        forms.append(percentEncoded(plain, spaceIsPlus: false))
        forms.append(percentEncoded(plain, spaceIsPlus: true))
        var seen: Set<[UInt8]> = []
        return forms.filter { seen.insert($0).inserted }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }

    /// Forms of HTML write a space as `+`, URLs as `%20`.
    private static func percentEncoded(_ bytes: [UInt8], spaceIsPlus: Bool) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.flatMap { byte in
            if isPlain(byte) { return [byte] }
            if spaceIsPlus, byte == UInt8(ascii: " ") { return [UInt8(ascii: "+")] }
            return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

/// One of the ways in which encoders write a JSON string (RFC 8259, section 7).
private struct JSONString {
    enum Unicode {
        case plain
        case lowercase
        case uppercase
    }

    var escapesSlash: Bool
    /// `<`, `>` and `&`, as encoders do that have HTML in mind.
    var escapesMarkup: Bool
    /// What lies beyond ASCII.
    var unicode: Unicode

    func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": bytes += Array("\\\"".utf8)
            case "\\": bytes += Array("\\\\".utf8)
            case "/" where escapesSlash: bytes += Array("\\/".utf8)
            case "\t": bytes += Array("\\t".utf8)
            case "<" where escapesMarkup, ">" where escapesMarkup, "&" where escapesMarkup: bytes += hexadecimal(scalar)
            case _ where scalar.value < 0x20, _ where scalar.value > 0x7F && unicode != .plain:
                bytes += hexadecimal(scalar)
            default: bytes += Array(String(scalar).utf8)
            }
        }
        return bytes
    }

    private func hexadecimal(_ scalar: Swift.Unicode.Scalar) -> [UInt8] {
        String(scalar).utf16.flatMap { unit in
            let digits = String(unit, radix: 16, uppercase: unicode == .uppercase)
            return Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
        }
    }
}
