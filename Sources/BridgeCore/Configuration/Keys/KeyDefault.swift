/// A key's default as the reference shows it: rendered from the value that the model itself has.
///
/// A literal is words for what no value says, such as "the host name"; empty = there is no default.
enum KeyDefault<Value>: ExpressibleByStringInterpolation {
    case words(String)
    case value(Value)

    init(stringLiteral words: String) {
        self = .words(words)
    }

    static func model<Model: Defaulted>(_ path: KeyPath<Model, Value>) -> Self {
        .value(Model.defaults[keyPath: path])
    }

    /// With words for the model's `nil`.
    static func model<Model: Defaulted>(_ path: KeyPath<Model, Value?>, absent words: String = "none") -> Self {
        Model.defaults[keyPath: path].map { .value($0) } ?? .words(words)
    }
}

/// A part of the model, with the values that hold where the file says nothing.
protocol Defaulted {
    static var defaults: Self { get }
}
