/// Which end of a connection the codec works for: it decides who masks (RFC 6455 5.1).
@_spi(Codec) public enum Endpoint: Sendable {
    /// Sends masked frames and refuses those.
    case client
    /// Sends plain frames and demands masked ones.
    case server
}
