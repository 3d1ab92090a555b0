import Foundation

@testable import BridgeCore

extension FuzzTarget {
    /// Input: a path, NUL, a document.
    static let jsonScan = FuzzTarget(
        "json-scan",
        "the same documents are valid as for JSONSerialization, trailing commas apart, with the same value at the path"
    ) { bytes in
        var input = FuzzInput(bytes)
        let pathText = input.textUpToNUL()
        let document = Array(input.rest)
        let path = (try? JSONPath(pathText)) ?? .whole
        let found = document.withUnsafeBytes { JSONScanner.find(path, in: $0) }
        let isValid = document.withUnsafeBytes { JSONScanner.isValid($0) }
        if case .found(let value) = found {
            try require(value.range.lowerBound >= 0 && value.range.upperBound <= document.count, "outside: \(value)")
        }
        let whole = document.withUnsafeBytes { JSONScanner.find(.whole, in: $0) }
        try require((whole == .invalid) != isValid, "valid: \(isValid), but $ is \(whole)")
        // A prefix may be enough to find a value; a valid document is never invalid on the way to one.
        try require(!isValid || found != .invalid, "valid, but not at \(path)")

        guard let text = String(validating: document, as: UTF8.self), isComparable(text) else { return }
        let tree = try? JSONSerialization.jsonObject(with: Data(document), options: [.fragmentsAllowed])
        let isLax = tree != nil && !isValid && hasTrailingComma(document)
        try require((tree != nil) == isValid || isLax, "JSONSerialization says \(tree != nil), we \(isValid)")
        guard let tree, isValid, !hasDuplicates(tree, in: document) else { return }
        try compare(found, with: value(at: path, in: tree), in: document)
    }

    /// Left out are what the other reader takes for another encoding, refuses as a number beyond a Double's range or as
    /// half a surrogate pair, and what is deeper than we go.
    private static func isComparable(_ text: String) -> Bool {
        let bytes = text.utf8
        guard !bytes.contains(0), bytes.first ?? 0 < 0x80, !text.contains("\\u"), !text.contains("\\U") else {
            return false
        }
        var depth = 0
        var digits = 0
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth -= 1 }
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            digits = isDigit ? digits + 1 : 0
            let isExponent = (previous | 0x20) == UInt8(ascii: "e") && (isDigit || byte == 0x2B || byte == 0x2D)
            if depth > JSONPath.maximumDepth || digits > 300 || isExponent { return false }
            previous = byte
        }
        return true
    }

    /// The other reader takes `[1,]` and `{"a":1,}`, which RFC 8259 doesn't.
    private static func hasTrailingComma(_ document: [UInt8]) -> Bool {
        let tokens = document.filter { ![9, 10, 13, 32].contains($0) }
        return zip(tokens, tokens.dropFirst()).contains { comma, next in
            comma == UInt8(ascii: ",") && (next == UInt8(ascii: "]") || next == UInt8(ascii: "}"))
        }
    }

    /// Of a name that occurs twice, one reader takes the first value and another the last.
    private static func hasDuplicates(_ tree: Any, in document: [UInt8]) -> Bool {
        var colons = 0
        var isInString = false
        var isEscaped = false
        for byte in document {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: ":") where !isInString: colons += 1
            default: continue
            }
        }
        return colons != memberCount(tree)
    }

    private static func memberCount(_ tree: Any) -> Int {
        switch tree {
        case let object as [String: Any]: object.count + object.values.reduce(0) { $0 + memberCount($1) }
        case let array as [Any]: array.reduce(0) { $0 + memberCount($1) }
        default: 0
        }
    }

    private static func value(at path: JSONPath, in tree: Any) -> Any? {
        var value: Any? = tree
        for step in path.steps {
            switch step {
            case .member(let offset, let length, _):
                let name = path.names[offset..<offset + length]
                // By bytes: two spellings of one character are two names.
                value = (value as? [String: Any])?.first { $0.key.utf8.elementsEqual(name) }?.value
            case .element(let index):
                let array = value as? [Any]
                value = array.flatMap { index < $0.count ? $0[index] : nil }
            }
        }
        return value
    }

    private static func compare(_ found: JSONLookup, with value: Any?, in document: [UInt8]) throws {
        guard let value else { return try require(found == .missing, "found \(found), there is nothing") }
        guard case .found(let ours) = found else { throw PropertyBroken(description: "\(found), there is \(value)") }
        try document.withUnsafeBytes { bytes in
            switch ours.kind {
            case .string, .escapedString:
                let expected = Array((value as? String ?? "").utf8)
                try require(
                    value is String && expected.withUnsafeBytes { ours.equals($0, in: bytes) },
                    "another string than \(value)"
                )
            case .number:
                let exact = try ours.number(in: bytes).unwrapped(or: "no number for \(value)")
                let number = try Double("\(exact)").unwrapped(or: "no Double for \(exact)")
                let expected = try (value as? NSNumber).unwrapped(or: "a number for \(value)").doubleValue
                try require(abs(number - expected) <= abs(expected) * 1e-15, "\(number) for \(value)")
            case .true, .false:
                try require((value as? Bool) == (ours.kind == .true), "\(ours.kind) for \(value)")
            case .null: try require(value is NSNull, "null for \(value)")
            case .object: try require(value is [String: Any], "an object for \(value)")
            case .array: try require(value is [Any], "an array for \(value)")
            }
        }
    }
}

extension JSONPath {
    fileprivate static let whole = JSONPath(steps: [], names: [], description: "$")
}

extension Optional {
    fileprivate func unwrapped(or what: String) throws -> Wrapped {
        guard let self else { throw PropertyBroken(description: what) }
        return self
    }
}
