/// What became of a connection's messages before its routes, over all its sessions.
///
/// Used on the gateway's event loop only.
final class SessionTally {
    /// How many messages the scripts' steps took in, or were refused by.
    var consumed = 0
    /// How many heartbeats and answers came.
    var heartbeats = 0
    /// How many of both routes saw all the same.
    var forwarded = 0
    /// How many messages there were within the envelopes.
    var records = 0
}
