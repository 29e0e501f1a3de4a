import FUSEProtocol
import TestSupport
import Testing

/// Reports name a request by its opcode.
extension Golden: CustomTestStringConvertible {
    public var testDescription: String { "\(opcode.name)" }
}
