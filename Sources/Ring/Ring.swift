import CRingFUSE
package import SystemPackage

/// An io_uring instance: owns its mappings and its descriptor, and closes them with itself.
///
/// A ring belongs to the thread that made it (`IORING_SETUP_SINGLE_ISSUER`).
@safe
package struct Ring: ~Copyable {
    private let pointer: OpaquePointer
    /// What the kernel granted.
    package let features: RingFeatures
    /// By which another thread can take the ring away.
    package let lifeline: RingLifeline

    /// Sets a ring up.
    ///
    /// Optional features that the kernel refuses are dropped, newest first.
    ///
    /// - Parameters:
    ///   - entries: submissions that can be queued between two system calls; rounded up to a power of two.
    ///   - completions: completions that can wait to be reaped; rounded up likewise.
    ///   - required: features without which there is no ring.
    ///   - optional: features to have where the kernel knows them.
    /// - Throws: `EINVAL` where a required feature is unknown, `ENOSYS` or `EPERM` where io_uring is missing or
    ///   forbidden (sysctl `kernel.io_uring_disabled`, seccomp), `ENOMEM`.
    package init(
        entries: UInt32,
        completions: UInt32,
        required: RingFeatures,
        optional: RingFeatures = .optional
    ) throws(Errno) {
        var optional = optional
        var drops = RingFeatures.dropOrder[...]
        while true {
            let flags = required.union(optional).union(.completionQueueSize)
            var made: OpaquePointer?
            let error = unsafe rfuse_ring_create(&made, entries, completions, flags.rawValue)
            if error == 0, let made = unsafe made {
                unsafe pointer = made
                features = flags
                lifeline = unsafe RingLifeline(made)
                return
            }
            guard -error == Errno.invalidArgument.rawValue, let drop = drops.popFirst() else {
                throw Errno(rawValue: -error)
            }
            optional.subtract(drop)
        }
    }

    deinit {
        lifeline.end()
        unsafe rfuse_ring_destroy(pointer)
    }

    /// Ends the ring here and now, before the memory that its operations use.
    package consuming func close() {}

    /// A handle for whoever submits and reaps; good while the ring lives.
    package var handle: RingHandle { unsafe RingHandle(pointer) }

    /// Registers files as the ring's fixed files 0, 1, ….
    ///
    /// The ring's own descriptor is not registered with the thread (`IORING_REGISTER_RING_FDS`), which would save a
    /// look-up in each system call: the thread alone could give that up again, and ``RingLifeline`` would be of no use.
    ///
    /// - Throws: `EINVAL` where the kernel cannot.
    package borrowing func register(files: [Int32]) throws(Errno) {
        let error = unsafe files.withUnsafeBufferPointer {
            unsafe rfuse_ring_register_files(pointer, $0.baseAddress, UInt32($0.count))
        }
        if error < 0 { throw Errno(rawValue: -error) }
    }

    /// Has an eventfd signalled with each completion, for a thread that sleeps elsewhere.
    ///
    /// - Throws: `EBUSY` where there is one.
    package borrowing func register(eventFile: Int32) throws(Errno) {
        let error = unsafe rfuse_ring_register_eventfd(pointer, eventFile)
        if error < 0 { throw Errno(rawValue: -error) }
    }
}
