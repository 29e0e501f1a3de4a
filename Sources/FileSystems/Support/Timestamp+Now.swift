internal import Glibc
package import RingFUSE

extension Timestamp {
    /// The time of day (`CLOCK_REALTIME`), to the nanosecond.
    package static var now: Timestamp {
        var time = timespec()
        // It cannot fail: the clock exists and the pointer is good.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }
}
