/// A route's match, compiled: says which messages of a batch the route takes.
///
/// Text is compared byte by byte, so that payloads which aren't UTF-8 are matched too. With `case_sensitive: false` the
/// letters A to Z equal a to z, and nothing else does; in a regex Unicode's rules hold. Used on the gateway's event loop
/// only.
package struct Matcher {
    /// How deep `all`, `any` and `not` may contain each other.
    package static let maximumDepth = 64

    private let root: MatchCondition
    private let regexes: [RegexCondition]

    package init(_ configuration: MatchConfiguration) throws(MatchError) {
        var compiler = MatchCompiler()
        root = try compiler.compile(configuration, depth: 0)
        regexes = compiler.regexes
    }

    /// Whether the match takes every message there can be, so that asking is a waste.
    package var takesEverything: Bool { root is EveryMessageCondition }

    /// For how many messages a regex was given up because it took too long; each counted as no match of that regex.
    package var limitHits: Int { regexes.reduce(0) { $0 + $1.pattern.limitHits } }

    /// Appends those entries of the batch that match, in order.
    package func select(from batch: MessageBatch, into entries: inout ContiguousArray<MessageBatch.Entry>) {
        entries.reserveCapacity(entries.count + batch.count)
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries {
                let payload = UnsafeRawBufferPointer(rebasing: bytes[entry.payload])
                if root.matches(payload, kind: entry.kind) { entries.append(entry) }
            }
        }
    }

    /// Whether one message matches.
    package func matches(_ payload: UnsafeRawBufferPointer, kind: MessageKind) -> Bool {
        root.matches(payload, kind: kind)
    }
}
