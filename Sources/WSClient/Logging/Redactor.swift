/// Hides secret values in what is shown of messages and reasons (requirement S7).
package struct Redactor: Sendable, Hashable {
    /// Of values that change, such as a token in a file, the newest count.
    static let most = 256
    private static let mask = Array("***".utf8)

    /// What was known from the start, and is hidden for ever.
    private let lasting: [String]
    /// What came later, the newest last.
    private var later: [String] = []
    /// By the byte with which they may begin.
    private var forms: [[SecretForm]] = []

    package init(_ secrets: some Sequence<String> = []) {
        var seen: Set<String> = []
        lasting = secrets.filter { $0.utf8.count >= SecretForm.shortest && seen.insert($0).inserted }
        sort()
    }

    /// What it hides, the newest last.
    package var values: [String] { lasting + later }

    /// Hides these as well from now on.
    package mutating func hide(_ more: some Sequence<String>) {
        for secret in more {
            guard secret.utf8.count >= SecretForm.shortest, !lasting.contains(secret) else { continue }
            later.removeAll { $0 == secret }
            later.append(secret)
        }
        later.removeFirst(max(0, later.count - Self.most))
        sort()
    }

    private mutating func sort() {
        forms = isEmpty ? [] : Array(repeating: [], count: 256)
        for form in values.flatMap(SecretForm.all) {
            for byte in form.beginnings { forms[Int(byte)].append(form) }
        }
    }

    package var isEmpty: Bool { lasting.isEmpty && later.isEmpty }

    /// The text with each secret replaced by `***`.
    package func redact(_ text: String) -> String {
        isEmpty ? text : String(decoding: redact(Array(text.utf8)), as: UTF8.self)
    }

    /// The bytes with each secret, also one that is cut off, replaced by `***`.
    package func redact(_ bytes: [UInt8]) -> [UInt8] {
        guard !isEmpty else { return bytes }
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        bytes.withUnsafeBytes { text in
            var index = 0
            while let hidden = next(in: text, from: index, before: text.count) {
                shown += text[index..<hidden.lowerBound]
                shown += Self.mask
                index = hidden.upperBound
            }
            shown += text[index...]
        }
        return shown
    }

    /// The first secret that begins before `end`; it may reach beyond.
    func next(in text: UnsafeRawBufferPointer, from start: Int, before end: Int) -> Range<Int>? {
        guard !isEmpty else { return nil }
        let backslash = UInt8(ascii: "\\")
        for index in start..<max(start, end) {
            // A row of them belongs together.
            if index > start, text[index] == backslash, text[index - 1] == backslash { continue }
            let forms = forms[Int(text[index])]
            guard !forms.isEmpty else { continue }
            let place = EscapedText(text, at: index)
            let length = forms.reduce(0) { max($0, $1.length(at: place)) }
            if length > 0 { return index..<index + length }
        }
        return nil
    }
}
