import NIOCore

@testable import BridgeCore

extension FuzzTarget {
    /// Input: a command's word, NUL, its payload.
    static let command = FuzzTarget(
        "command",
        "a command is one of three, and its token can stand in a header"
    ) { bytes in
        var input = FuzzInput(bytes)
        let word = input.textUpToNUL()
        let payload = Array(input.rest)
        do {
            switch try ConnectionCommand(word: word, payload: ByteBuffer(bytes: payload)) {
            case .connect(let token):
                try require(word == "connect", "connect by \(word)")
                if let token {
                    try require(!token.isEmpty && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a token \(token)")
                }
            case .disconnect: try require(word == "disconnect", "disconnect by \(word)")
            case .send(let message):
                try require(word == "send" && message.readableBytesView.elementsEqual(payload), "send by \(word)")
            }
        } catch let error as ConnectionCommandError {
            try require(!["disconnect", "send"].contains(word), "\(word) refused: \(error)")
            try require(word == "connect" || error == .unknownWord(word), "\(word) is another's fault: \(error)")
        }
    }
}
