/// What the spool's thread does in one go, and in this order: one transaction, then the reads.
struct SpoolWork: Sendable {
    var appends: [SpoolAppend] = []
    var deletes: [SpoolDelete] = []
    var reads: [SpoolRead] = []

    var isEmpty: Bool { appends.isEmpty && deletes.isEmpty && reads.isEmpty }

    /// Behind the last of its queue it becomes part of it: while a disk refuses for long they may be many.
    mutating func add(_ delete: SpoolDelete) {
        guard let last = deletes.indices.last, deletes[last].queue == delete.queue,
            deletes[last].last + 1 == delete.first
        else { return deletes.append(delete) }
        deletes[last].last = delete.last
        deletes[last].bytes += delete.bytes
        deletes[last].settled += delete.settled
    }

    /// The same writes for a file that holds nothing yet but these: what replaces no message there is the first of it.
    static func first(_ appends: [SpoolAppend], behind written: [SpoolAppend] = []) -> [SpoolAppend] {
        struct Place: Hashable {
            var queue: Int
            var number: Int64
        }
        var seen = Set(written.map { Place(queue: $0.queue, number: $0.first) })
        return appends.map { append in
            let place = Place(queue: append.queue, number: append.first)
            guard seen.insert(place).inserted, append.replaced > 0 else { return append }
            var append = append
            append.replaced = 0
            append.bytes = append.range.reduce(0) { $0 + append.batch.entries[$1].queueCost }
            return append
        }
    }
}

/// What came of it.
struct SpoolReport: Sendable {
    /// Why the appends, or the removals too, are not written.
    var failure: SpoolError?
    var areDeletesDone = true
    /// Why something could not be read.
    var readFailure: SpoolError?
    var pages: [SpoolPage] = []
    /// Queues whose read failed.
    var failedReads: [Int] = []
    /// Where a file went that could not be read any more.
    var setAside: String?
}

extension SpoolEngine {
    func perform(_ work: SpoolWork) -> SpoolReport {
        var report = SpoolReport()
        do throws(SpoolError) {
            if !work.appends.isEmpty || !work.deletes.isEmpty { try write(work.appends, removing: work.deletes) }
        } catch {
            report.failure = error
            report.areDeletesDone = work.deletes.isEmpty
            // Removing makes room where adding finds none.
            if case .full = error { makeRoom(for: work, &report) }
        }
        if case .corrupt? = report.failure { return begunAnew(work, report) }
        for request in work.reads {
            do throws(SpoolError) {
                report.pages.append(try read(request))
            } catch .corrupt {
                return begunAnew(work, report)
            } catch {
                report.readFailure = error
                report.failedReads.append(request.queue)
            }
        }
        return report
    }

    private func makeRoom(for work: SpoolWork, _ report: inout SpoolReport) {
        do throws(SpoolError) {
            if !work.appends.isEmpty, !work.deletes.isEmpty {
                try write([], removing: work.deletes)
                report.areDeletesDone = true
                return
            }
        } catch {}
        do throws(SpoolError) {
            guard try beginEmpty(after: work.deletes) else { return }
            report.areDeletesDone = true
            if !work.appends.isEmpty { try write(work.appends, removing: []) }
            report.failure = nil
        } catch {
            report.failure = error
        }
    }

    /// The file is damaged: it is kept under another name, and the spool begins with an empty one.
    private func begunAnew(_ work: SpoolWork, _ report: SpoolReport) -> SpoolReport {
        var report = report
        report.pages = []
        report.failedReads = []
        do throws(SpoolError) {
            report.setAside = try setAside()
        } catch {
            // It stays where it is: nothing more is done, and all of it is asked for again.
            report.failedReads = work.reads.map(\.queue)
            if report.failure == nil { report.readFailure = error } else { report.failure = error }
            return report
        }
        do throws(SpoolError) {
            report.failure = nil
            // Even what the damaged file took already: it is not in this one.
            if !work.appends.isEmpty { try write(SpoolWork.first(work.appends), removing: []) }
        } catch {
            report.failure = error
        }
        report.areDeletesDone = true
        return report
    }
}
