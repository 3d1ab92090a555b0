/// The requests among a queue's messages, by their place in it: those in flight first, then those that wait.
///
/// Bounded: of what comes above the limit nobody is told more than that it is queued.
struct RequestLedger {
    static let limit = 1024

    private struct Request {
        /// Counted over all messages that the queue ever held, less those that left it from the middle.
        var position: Int
        var address: ResponseAddress
        var isToldQueued = false
    }

    /// In the order of their positions.
    private var requests: [Request] = []
    /// The position of the queue's first message.
    private var first = 0

    var isEmpty: Bool { requests.isEmpty }

    /// The message at this place of the queue is a request; false if no more can be remembered.
    mutating func append(_ address: ResponseAddress, at index: Int) -> Bool {
        guard requests.count < Self.limit else { return false }
        requests.append(Request(position: first + index, address: address))
        return true
    }

    /// The queue's first messages leave; returns the requests among them.
    mutating func firstLeft(_ count: Int) -> [ResponseAddress] {
        first += count
        let leaving = requests.prefix { $0.position < first }.map(\.address)
        requests.removeFirst(leaving.count)
        return leaving
    }

    /// The message at this place leaves; returns its request.
    mutating func left(at index: Int) -> ResponseAddress? {
        let position = first + index
        guard let next = requests.firstIndex(where: { $0.position >= position }) else { return nil }
        let leaving = requests[next].position == position ? requests.remove(at: next).address : nil
        for later in next..<requests.endIndex { requests[later].position -= 1 }
        return leaving
    }

    /// The requests at these places of the queue, each with its distance from the first of them.
    func requests(in places: Range<Int>) -> [(index: Int, address: ResponseAddress)] {
        requests.compactMap { request in
            let place = request.position - first
            return places.contains(place) ? (place - places.lowerBound, request.address) : nil
        }
    }

    /// The requests from this place on whose senders don't know yet that they wait; now they do.
    mutating func tellWaiting(from index: Int) -> [ResponseAddress] {
        var told: [ResponseAddress] = []
        for place in requests.indices.reversed() where !requests[place].isToldQueued {
            guard requests[place].position >= first + index else { break }
            requests[place].isToldQueued = true
            told.append(requests[place].address)
        }
        return told.reversed()
    }

    /// Forgets all of them; returns which they were.
    mutating func removeAll() -> [ResponseAddress] {
        defer { requests = [] }
        return requests.map(\.address)
    }
}
