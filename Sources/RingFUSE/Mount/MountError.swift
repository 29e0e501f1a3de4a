public import SystemPackage

/// Why a file system cannot be mounted, unmounted or aborted; each text is one line that names the cause and the fix.
public enum MountError: Error, Sendable, Equatable {
    /// The mount point does not exist.
    case missing(FilePath)

    /// The mount point is not a directory.
    case notADirectory(FilePath)

    /// The mount point cannot be reached.
    case unreachable(FilePath, Errno)

    /// Something is mounted there already: a file system of this type, from this source.
    case busy(FilePath, type: String, source: String)

    /// A FUSE file system is mounted there whose server is gone (ENOTCONN).
    case dead(FilePath)

    /// /dev/fuse does not exist, or the kernel has no FUSE.
    case noDevice

    /// /dev/fuse cannot be opened.
    case deviceRefused(Errno)

    /// This process may not mount, and fusermount3, which may, is not installed.
    case noHelper

    /// fusermount3 failed; its own words.
    case helper(String)

    /// fusermount3 refuses `allow_other` to ordinary users.
    case allowOtherRefused

    /// An option that only the superuser may use.
    case superuserOption(String)

    /// An option of `-o` that nothing knows.
    case unknownOption(String)

    /// An option of `-o` with a value it cannot have.
    case invalidOption(String, reason: String)

    /// Nothing is mounted there.
    case notMounted(FilePath)

    /// What is mounted there is not FUSE.
    case notFUSE(FilePath, type: String)

    /// The mount cannot be taken away because it is used.
    case inUse(FilePath)

    /// This process may not take the mount away.
    case notPermitted(FilePath)

    /// The FUSE control file system is not there, or cannot be used.
    case noControl(Errno)

    /// A system call failed in a way that has no better name.
    case failed(call: String, FilePath, Errno)
}

extension MountError: CustomStringConvertible {
    /// One line: the cause, and the fix.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): the mount point does not exist; create it with `mkdir -p \(path)`"
        case .notADirectory(let path):
            "\(path): the mount point is not a directory; name a directory"
        case .unreachable(let path, let error):
            "\(path): the mount point cannot be reached: \(error)"
        case .busy(let path, let type, let source):
            "\(path): already a mount point (\(source), type \(type)); unmount that first or use another directory"
        case .dead(let path):
            "\(path): a file system whose server is gone is still mounted here; run `ringfuse unmount \(path)`"
        case .notMounted(let path):
            "\(path): nothing is mounted here; `ringfuse list` shows what is"
        case .notFUSE(let path, let type):
            "\(path): type \(type) is not FUSE; use umount(8) for it"
        case .inUse(let path):
            "\(path): in use; close what is open there (`fuser -vm \(path)` names it) or detach it with --lazy"
        case .notPermitted(let path):
            "\(path): mounted by another user; unmount it as that user or as root"
        case .failed(let call, let path, let error):
            "\(path): \(call) failed: \(error)"
        case .noDevice, .deviceRefused, .noHelper, .helper, .allowOtherRefused, .noControl:
            systemDescription
        case .superuserOption, .unknownOption, .invalidOption:
            optionDescription
        }
    }

    /// The texts about what the system lacks.
    private var systemDescription: String {
        switch self {
        case .noDevice:
            "/dev/fuse is missing; load the module with `modprobe fuse`, or give the container --device /dev/fuse"
        case .deviceRefused(let error):
            "/dev/fuse cannot be opened: \(error); it should have mode 0666, and a container must be allowed to use it"
        case .noHelper:
            "only root may mount without fusermount3, which is not installed; run `apt install fuse3` or become root"
        case .helper(let text):
            Self.helperDescription(text)
        case .allowOtherRefused:
            "allow_other is not open to ordinary users here; put the line user_allow_other into /etc/fuse.conf"
        case .noControl(let error):
            "/sys/fs/fuse/connections cannot be used: \(error); "
                + "as root run `mount -t fusectl fusectl /sys/fs/fuse/connections`"
        default:
            preconditionFailure("not an error of the system")
        }
    }

    /// The words of fusermount3, on one line, with what they leave out.
    private static func helperDescription(_ text: String) -> String {
        if text.isEmpty { return "fusermount3 failed and did not say why" }
        let line = text.split(separator: "\n").joined(separator: "; ")
        let denied = line.hasSuffix("Operation not permitted")
        return denied ? "\(line); in a container, add the capability SYS_ADMIN" : line
    }

    /// The texts about options.
    private var optionDescription: String {
        switch self {
        case .superuserOption(let option):
            "option '\(option)': only root may mount with it; leave it out or become root"
        case .unknownOption(let option):
            "unknown mount option '\(option)'; the tool's own settings are options that start with --"
        case .invalidOption(let option, let reason):
            "mount option '\(option)': \(reason)"
        default:
            preconditionFailure("not an error of an option")
        }
    }
}
