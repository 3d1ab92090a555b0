/// The requests among the messages: the disk's are asked for when they come to memory.
extension SpooledStore {
    package var requestCount: Int { head.requestCount + untold.count }

    package func requests(at places: Range<Int>) -> [ResponseAddress] { head.requests(at: places) }

    package func tellRequests(at places: Range<Int>) -> [ResponseAddress] {
        defer { untold = [] }
        return head.tellRequests(at: places) + untold
    }
}
