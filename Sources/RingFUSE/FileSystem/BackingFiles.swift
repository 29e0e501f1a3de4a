import CRingFUSE
import Synchronization
public import SystemPackage

/// Files that the kernel reads and writes by itself, in place of the files of the mount (passthrough, kernel 6.9).
///
/// A backend registers an open file and names it where it answers an open
/// (``OpenReply/init(handle:passingThrough:options:)``). From then on, reads, writes and mappings of the file that was
/// opened go to the registered one, with the credentials of the thread that registered it; neither READ nor WRITE is
/// sent for it. The rules (fs/fuse/iomode.c): all opens of a node that overlap pass through to one and the same
/// ``BackingFile``, or none of them does. An open that breaks them fails with `EIO`.
///
/// Any thread may call anything.
public final class BackingFiles: Sendable {
    private let device: FileDescriptor
    /// Whether the device is still ours to speak to.
    private let isOpen = Mutex(true)

    /// The files of a connection.
    package init(device: FileDescriptor) { self.device = device }

    /// Registers a file.
    ///
    /// - Parameter file: a regular file, open in any mode; not needed any more once this returns. The kernel opens it
    ///   again for each open, with the flags of that.
    /// - Throws: `EPERM` without `CAP_SYS_ADMIN`; `ELOOP` where the file is on a stacked file system (overlayfs,
    ///   another passthrough mount) and ``SessionConfiguration/passthroughDepth`` is too small; `EINVAL` for what is no
    ///   regular file; `ENFILE`, `ENOMEM`; `ENOTCONN` where the session has ended.
    public func register(_ file: FileDescriptor) throws(Errno) -> BackingFile {
        let id = isOpen.withLock { isOpen in
            isOpen ? rfuse_open_backing(device.rawValue, file.rawValue) : -Errno.socketNotConnected.rawValue
        }
        guard id >= 0 else { throw Errno(rawValue: -id) }
        return BackingFile(id: id, of: self)
    }

    /// Takes a file back.
    fileprivate func withdraw(_ id: Int32) {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            _ = rfuse_close_backing(device.rawValue, id)
        }
    }

    /// Whether files can be registered at all: tries it.
    ///
    /// - Throws: `EPERM` and the like.
    func probe() throws(Errno) {
        let result = rfuse_probe_backing(device.rawValue)
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }

    /// Ends registration; what is registered goes with the connection. The device may be closed afterwards.
    func close() { isOpen.withLock { $0 = false } }
}

/// A file registered with the kernel; taken back when the last reference goes.
///
/// Keep it until the last open file that passes through to it has been released: the kernel looks for it when it gets
/// the answer to the open, and other opens of the same node must name it too.
public final class BackingFile: Sendable {
    /// The kernel's number of it.
    let id: Int32
    private let files: BackingFiles

    /// A file that has been registered.
    init(id: Int32, of files: BackingFiles) {
        self.id = id
        self.files = files
    }

    deinit { files.withdraw(id) }
}
