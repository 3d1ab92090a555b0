package import NIOCore

extension TimeAmount {
    /// As a person would write it: `10 s`, `250 ms`.
    package var words: String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
