/// Where the spool's messages lie: the seam between the queues' decisions and a disk.
///
/// Used on the spool's own thread only.
package protocol SpoolEngine: AnyObject {
    /// Opens what is there, or makes it; returns what a former run left.
    func open() throws(SpoolError) -> SpoolContents

    /// The number of the queue with this key; an unknown key becomes a new queue.
    func queue(_ key: String) throws(SpoolError) -> SpoolQueueContents

    /// Removes, then adds, all or nothing. When it returns, all of it is as safe as the spool's level says.
    func write(_ appends: [SpoolAppend], removing deletes: [SpoolDelete]) throws(SpoolError)

    /// The oldest messages behind a sequence number.
    func read(_ request: SpoolRead) throws(SpoolError) -> SpoolPage

    /// Begins with an empty file if these removals leave nothing, and says whether they do: on a disk that is full to the
    /// last block even removing finds no room.
    func beginEmpty(after deletes: [SpoolDelete]) throws(SpoolError) -> Bool

    /// Puts what can't be read aside, under another name, and begins with nothing; returns that name.
    func setAside() throws(SpoolError) -> String

    func close()
}

/// What is written: messages of one queue under consecutive sequence numbers.
///
/// An earlier one of the same number goes.
package struct SpoolAppend: Sendable {
    package var queue: Int
    /// Counts the queue's writes.
    package var ticket: Int64
    package var first: Int64
    package var batch: MessageBatch
    package var range: Range<Int>
    /// What the messages count for in `max_disk`, less what they replace.
    package var bytes: Int
    /// How many of them replace an earlier one.
    package var replaced = 0

    package init(
        queue: Int,
        ticket: Int64,
        first: Int64,
        batch: MessageBatch,
        range: Range<Int>,
        bytes: Int,
        replaced: Int = 0
    ) {
        self.queue = queue
        self.ticket = ticket
        self.first = first
        self.batch = batch
        self.range = range
        self.bytes = bytes
        self.replaced = replaced
    }
}

/// What is removed: the messages of one queue with these sequence numbers.
package struct SpoolDelete: Sendable, Hashable {
    package var queue: Int
    package var first: Int64
    package var last: Int64
    package var bytes: Int
    /// How many of them a sink had.
    package var settled: Int

    package init(queue: Int, first: Int64, last: Int64, bytes: Int, settled: Int = 0) {
        self.queue = queue
        self.first = first
        self.last = last
        self.bytes = bytes
        self.settled = settled
    }
}

package struct SpoolRead: Sendable, Hashable {
    package var queue: Int
    package var after: Int64
    /// The last that may come: behind it lie writes that nobody was told of, which may be there and yet are tried again.
    package var through: Int64
    package var messages: Int
    package var bytes: Int

    package init(queue: Int, after: Int64, through: Int64 = .max, messages: Int, bytes: Int) {
        self.queue = queue
        self.after = after
        self.through = through
        self.messages = messages
        self.bytes = bytes
    }
}

/// Messages that were read, in order.
package struct SpoolPage: Sendable {
    package struct Run: Sendable, Hashable {
        package var first: Int64
        package var count: Int
    }

    package var queue: Int
    package var batch: MessageBatch
    /// The sequence numbers of the batch's messages.
    package var runs: [Run] = []
    /// Records that could not be restored as they were written.
    package var damaged: [Int64] = []
    /// The last one that was looked at.
    package var last: Int64
    /// Nothing lies behind them of what was asked for.
    package var isEnd = true
}

/// What one queue holds.
package struct SpoolQueueContents: Sendable, Hashable {
    package var number: Int
    package var key: String
    package var count: Int
    /// As counted in `max_disk`.
    package var bytes: Int
    /// The first sequence number that was never given out.
    package var next: Int64
}

package struct SpoolContents: Sendable, Hashable {
    package var queues: [SpoolQueueContents] = []
    /// Where a file that could not be read was put.
    package var setAside: String?
}

/// Why the spool can't do what it was asked.
package enum SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The folder can't be used.
    case unusable(path: String, reason: String)
    /// Another process uses the folder.
    case locked(path: String)
    /// The file belongs to another program.
    case foreign(path: String)
    /// The file was written by a later version.
    case newer(path: String, version: Int)
    /// The file can't be read any more.
    case corrupt(String)
    /// No room.
    case full(String)
    /// The disk said no.
    case failed(String)

    package var description: String {
        switch self {
        case .unusable(let path, let reason):
            "the state_dir \(path) can't be used: \(reason)"
        case .locked(let path):
            "another wsbridge uses the state_dir \(path): stop it, or give this one a state_dir of its own"
        case .foreign(let path):
            "\(path) is no spool of wsbridge: choose another state_dir, or move the file away"
        case .newer(let path, let version):
            "\(path) was written by a later version of wsbridge (format \(version)): run that version, or move the file away"
        case .corrupt(let reason): "the spool can't be read: \(reason)"
        case .full(let reason): "the disk is full: \(reason)"
        case .failed(let reason): "the disk refused: \(reason)"
        }
    }
}
