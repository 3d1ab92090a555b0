/// `reply_to` of a route: what of a connection's messages answers the route's requests.
package struct ReplyConfiguration: Sendable, Hashable {
    /// `nil` = every message.
    package var match: MatchConfiguration?
    package var timeout: Duration = .seconds(5)

    package init() {}
}
