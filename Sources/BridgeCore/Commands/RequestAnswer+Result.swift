extension RequestAnswer {
    /// What became of a message that the command `send` brought.
    init(_ result: ControlResponse.Result) {
        self =
            switch result {
            case .ok: .sent
            case .notEstablished: .dropped(RejectReason.notEstablished.rawValue)
            case .unknownConnection: .dropped(RejectReason.unknownConnection.rawValue)
            // Its text is not UTF-8: `send` has no other way to be wrong.
            case .badRequest: .dropped(DropReason.notUTF8.rawValue)
            // The network does not take what was sent before.
            case .busy: .dropped(DropReason.queueFull.rawValue)
            }
    }
}
