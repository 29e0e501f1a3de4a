import CRingFUSE

/// INIT: what the kernel speaks and offers.
package struct InitRequest: Equatable, Sendable {
    /// Size in bytes of what kernels before 7.36 send.
    static let compatibleSize = 16
    /// Size in bytes of the two versions, which every kernel sends.
    private static let versionsSize = 8

    /// The kernel's major version.
    package let major: UInt32
    /// The kernel's newest minor version.
    package let minor: UInt32
    /// Most bytes that the kernel would read ahead.
    package let maxReadahead: UInt32
    /// What the kernel offers.
    package let flags: InitFlags

    /// Decodes all that follows the header; throws `truncated`.
    ///
    /// Of another major version than 7 only the versions are read: the rest may look like anything.
    package init(_ body: RawSpan) throws(WireError) {
        major = try body.load(UInt32.self)
        minor = try body.load(UInt32.self, at: 4)
        // Before 7.6 nothing followed the versions; such kernels are refused later, by their version.
        guard major == FUSE_KERNEL_VERSION, minor >= 6 else {
            maxReadahead = 0
            flags = []
            return
        }
        maxReadahead = try body.load(UInt32.self, at: Self.versionsSize)
        let low = UInt64(try body.load(UInt32.self, at: 12))
        guard low & FUSE_INIT_EXT != 0 else {
            flags = InitFlags(rawValue: low)
            return
        }
        let high = UInt64(try body.load(fuse_init_in.self).flags2)
        flags = InitFlags(rawValue: low | high << 32)
    }
}
