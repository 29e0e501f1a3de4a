public import CRingFUSE

/// The result of one operation on a ring.
@usableFromInline
package typealias Completion = rfuse_completion

extension rfuse_completion {
    /// The errno that the operation ended with; `nil` where it succeeded.
    package var failure: Int32? { result < 0 ? -result : nil }
}
