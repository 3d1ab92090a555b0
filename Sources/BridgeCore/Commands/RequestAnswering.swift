/// Who tells the senders of a queue's messages what became of them.
///
/// Used on the gateway's event loop only.
protocol RequestAnswering: AnyObject {
    /// Whether `given` is to be called.
    var awaitsReplies: Bool { get }

    /// Whether an answer may go there; a refusal is counted.
    func admits(_ address: ResponseAddress) -> Bool

    /// The sink took a request whose address was admitted, and will send it; what it will drop doesn't count. Those that
    /// are delivered then are answered in the same order; if the sink loses them before, they are given again.
    func given(_ address: ResponseAddress)

    /// Answers on a topic that was admitted.
    func answer(_ answer: RequestAnswer, to address: ResponseAddress)
}
