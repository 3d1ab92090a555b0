import Foundation

/// The `Sec-WebSocket-Accept` that answers a request's `Sec-WebSocket-Key` (RFC 6455, section 4.2.2).
func webSocketAccept(ofRequest request: [UInt8]) -> String {
    let lines = String(decoding: request, as: UTF8.self).split(separator: "\r\n")
    let name = "sec-websocket-key:"
    let key = lines.first { $0.lowercased().hasPrefix(name) }?.dropFirst(name.count) ?? ""
    return base64(sha1(Array((key.drop { $0 == " " } + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
}

private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

/// SHA-1 (RFC 3174) for texts of a few bytes: tests of the client don't lean on the client's own.
private func sha1(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    withUnsafeBytes(of: UInt64(message.count * 8).bigEndian) { padded.append(contentsOf: $0) }
    for block in stride(from: 0, to: padded.count, by: 64) {
        var words = (0..<16).map { index in
            padded[(block + 4 * index)..<(block + 4 * index + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<80 {
            words.append(rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for (index, word) in words.enumerated() {
            let (mix, constant): (UInt32, UInt32) =
                switch index {
                case ..<20: (b & c | ~b & d, 0x5A82_7999)
                case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            (a, b, c, d, e) = (rotate(a, 5) &+ mix &+ e &+ constant &+ word, a, rotate(b, 30), c, d)
        }
        for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
    }
    return state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
}

private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
