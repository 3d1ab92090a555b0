import Foundation
import TestSupport
import Testing

@testable import BridgeCore

/// The scanner against Foundation's parser, and against bytes that mean nothing.
struct JSONScannerFuzzTests {
    @Test func agreesWithFoundationOnEveryPathOfRandomDocuments() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<600 {
            let value = RandomJSON.value(depth: 0, using: &random)
            let text = value.text(using: &random)
            let document = Array(text.utf8)
            _ = try JSONSerialization.jsonObject(with: Data(document), options: [.fragmentsAllowed])
            try document.withUnsafeBytes { bytes in
                #expect(JSONScanner.isValid(bytes))
                try check(value, at: "$", in: bytes)
            }
        }
    }

    /// Each value in the tree is found at its path, with its kind and content.
    private func check(_ value: RandomJSON, at path: String, in document: UnsafeRawBufferPointer) throws {
        guard case .found(let found) = JSONScanner.find(try JSONPath(path), in: document) else {
            Issue.record("\(path) not found in \(String(decoding: document, as: UTF8.self))")
            return
        }
        switch value {
        case .null: #expect(found.kind == .null)
        case .bool(let bool): #expect(found.kind == (bool ? .true : .false))
        case .number(let number): #expect(found.number(in: document) == JSONNumber("\(number)"))
        case .string(let string):
            #expect(Array(string.utf8).withUnsafeBytes { found.equals($0, in: document) }, "\(path): \(string)")
        case .array(let elements):
            #expect(found.kind == .array)
            for (index, element) in elements.enumerated() { try check(element, at: "\(path)[\(index)]", in: document) }
            #expect(JSONScanner.find(try JSONPath("\(path)[\(elements.count)]"), in: document) == .missing)
        case .object(let members):
            #expect(found.kind == .object)
            for (name, member) in members {
                try check(member, at: "\(path)['\(escaped(name))']", in: document)
            }
            #expect(JSONScanner.find(try JSONPath("\(path)['no such']"), in: document) == .missing)
        }
    }

    /// A member's name as a path's text.
    private func escaped(_ name: String) -> String {
        name.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "\\'")
    }

    @Test func saysTheSameAsFoundationAboutDamagedDocuments() throws {
        var random = SeededGenerator(seed: 2)
        var valid = 0
        for _ in 0..<4000 {
            let text = RandomJSON.value(depth: 0, using: &random).text(using: &random)
            var document = Array(text.utf8)
            let index = Int.random(in: 0..<document.count, using: &random)
            // ASCII only: whether strings are UTF-8 is not the scanner's business.
            guard document.allSatisfy({ $0 < 0x80 }) else { continue }
            document[index] = Array(#"{}[]",:0-.eE+ tfnu\x"#.utf8).randomElement(using: &random) ?? 0
            let isValid = document.withUnsafeBytes { JSONScanner.isValid($0) }
            let isValidToFoundation =
                (try? JSONSerialization.jsonObject(with: Data(document), options: [.fragmentsAllowed])) != nil
            // Foundation also refuses what a JSON text may hold: half a surrogate pair, a name twice, 1e999.
            if isValidToFoundation { #expect(isValid, "\(String(decoding: document, as: UTF8.self))") }
            if isValid { valid += 1 }
        }
        #expect(valid > 100)
    }

    @Test func randomBytesCrashNothing() throws {
        var random = SeededGenerator(seed: 3)
        let paths = try ["$", "$.a", "$.a.b", "$[1]", "$[0].a", "$['\\u0061']"].map { try JSONPath($0) }
        let alphabet = Array(#"{}[]",:0123456789-.eE+ truefalsn\uab"#.utf8) + [0, 0x0A, 0x7F, 0x80, 0xFF]
        for _ in 0..<30_000 {
            let count = Int.random(in: 0...40, using: &random)
            let document = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            document.withUnsafeBytes { bytes in
                for path in paths {
                    guard case .found(let value) = JSONScanner.find(path, in: bytes) else { continue }
                    #expect(0 <= value.range.lowerBound && value.range.upperBound <= bytes.count)
                }
            }
        }
    }
}
