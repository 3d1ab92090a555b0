/// The grammar of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).
///
///     permessage-deflate; server_max_window_bits=10; client_no_context_takeover, other; x="quoted"
enum ExtensionHeader {
    struct Parameter: Equatable {
        var name: String
        /// Without its quotes and backslashes.
        var value: String?
    }

    struct Element: Equatable {
        var name: String
        var parameters: [Parameter] = []
    }

    /// Where the grammar was broken, in bytes from the start.
    struct SyntaxError: Error, Equatable {
        var offset: Int
    }

    /// Reads one header's value.
    ///
    /// Empty list elements count as none, as RFC 9110, section 5.6.1.2, wants it.
    static func parse(_ value: String) throws(SyntaxError) -> [Element] {
        var scanner = Scanner(bytes: Array(value.utf8))
        var elements: [Element] = []
        while true {
            scanner.skipSpace()
            if scanner.isAtEnd { return elements }
            if scanner.take(UInt8(ascii: ",")) { continue }
            elements.append(try scanner.element())
            guard scanner.isAtEnd || scanner.take(UInt8(ascii: ",")) else { throw scanner.error }
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { position == bytes.count }
        var error: SyntaxError { SyntaxError(offset: position) }

        mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        mutating func skipSpace() {
            while take(UInt8(ascii: " ")) || take(UInt8(ascii: "\t")) {}
        }

        mutating func element() throws(SyntaxError) -> Element {
            var element = Element(name: try token())
            skipSpace()
            while take(UInt8(ascii: ";")) {
                skipSpace()
                var parameter = Parameter(name: try token())
                skipSpace()
                if take(UInt8(ascii: "=")) {
                    skipSpace()
                    parameter.value = take(UInt8(ascii: "\"")) ? try quoted() : try token()
                    skipSpace()
                }
                element.parameters.append(parameter)
            }
            return element
        }

        mutating func token() throws(SyntaxError) -> String {
            let start = position
            while position < bytes.count, WebSocketHeaderError.isToken(bytes[position]) { position += 1 }
            guard position > start else { throw error }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        /// What stands between quotes has to be a token as well.
        mutating func quoted() throws(SyntaxError) -> String {
            var text: [UInt8] = []
            while position < bytes.count {
                if take(UInt8(ascii: "\"")) {
                    guard !text.isEmpty else { throw error }
                    return String(decoding: text, as: UTF8.self)
                }
                _ = take(UInt8(ascii: "\\"))
                guard position < bytes.count, WebSocketHeaderError.isToken(bytes[position]) else { throw error }
                text.append(bytes[position])
                position += 1
            }
            throw error
        }
    }
}

extension ExtensionHeader.Parameter: CustomStringConvertible {
    /// As it stands in the header.
    var description: String { value.map { "\(name)=\($0)" } ?? name }
}
