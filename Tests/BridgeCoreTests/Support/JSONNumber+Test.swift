@testable import BridgeCore

extension JSONNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// A test's number.
    public init(integerLiteral value: Int) { self.init(value) }
    /// The shortest text of the Double, exactly.
    public init(floatLiteral value: Double) { self = JSONNumber("\(value)") ?? 0 }
}
