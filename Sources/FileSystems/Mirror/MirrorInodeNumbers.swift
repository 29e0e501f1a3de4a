internal import Synchronization

/// The inode numbers that programs see.
///
/// Where file systems are mounted inside the source, several files there may have one number. On the mount all
/// files are of one device, so that programs would take such files for one (`rsync -H`, `tar`, `du`, `find`). Numbers
/// of the source's own file system are told as they are; those of another one get a number of its own in their
/// upper 16 bits, which hardly any file system uses.
final class MirrorInodeNumbers: Sendable {
    /// The device of the source itself.
    private let device: UInt64
    /// The other ones in the order in which they were met.
    private let others = Mutex<[UInt64: UInt64]>([:])

    /// Numbers for a source on a device.
    init(device: UInt64) { self.device = device }

    /// The number that programs see of an inode of a device. Never twice the same, but for numbers of 2^48 and more.
    func visible(_ inode: UInt64, of device: UInt64) -> UInt64 {
        if device == self.device { return inode }
        let number = others.withLock { others in
            if let number = others[device] { return number }
            let number = UInt64(others.count + 1) & 0xffff
            others[device] = number
            return number
        }
        return inode ^ (number << 48)
    }
}
