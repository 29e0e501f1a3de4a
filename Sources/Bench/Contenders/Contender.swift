/// One who may take part, and how it is brought to serve.
public struct Contender: Sendable, Equatable {
    /// What gives the file system.
    public enum Service: Sendable, Equatable {
        /// A process: its words, where `{}` stands for the mount point and `{source}` for the directory that a mirror
        /// passes through; and a line it writes once it serves, empty where none is known.
        case process(words: [String], ready: String)
        /// The kernel's file system on a disk image.
        case image
        /// The kernel's file system in memory.
        case tmpfs
        /// The directory that mirrors pass through, itself.
        case source
    }

    /// What it must have of the machine.
    public enum Need: Sendable, Equatable {
        /// A user who may mount by himself.
        case root
        /// FUSE over io_uring.
        case ring
        /// A program that can be run.
        case program(String, remedy: String)
    }

    /// A word without blanks, by which samples name it.
    public var identifier: String
    /// As tables name it.
    public var name: String
    /// How it serves what; it takes no part in the fields that are missing.
    public var services: [Field: Service]
    /// What it must have, by field.
    public var needs: [Field: [Need]]

    /// One who may take part.
    public init(identifier: String, name: String, services: [Field: Service], needs: [Field: [Need]] = [:]) {
        self.identifier = identifier
        self.name = name
        self.services = services
        self.needs = needs
    }

    /// Why it cannot serve a field here, with what would change that; nil where it can.
    func obstacle(in field: Field, on machine: Machine) -> String? {
        for need in needs[field] ?? [] {
            switch need {
            case .root where !machine.isRoot: return "mounts by itself: run it as root"
            case .ring where machine.ringObstacle != nil: return machine.ringObstacle
            case .program(let path, let remedy) where !machine.canRun(path):
                return "\(path) is not there; \(remedy) makes it"
            default: continue
            }
        }
        return nil
    }

    /// As a report has it: the command of the first field that is given.
    func entry(in fields: [Field]) -> Report.Contender {
        var words: [String] = []
        for field in fields {
            guard case .process(let command, _) = services[field] else { continue }
            words = command
            break
        }
        return Report.Contender(identifier: identifier, name: name, command: words)
    }
}
