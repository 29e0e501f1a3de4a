internal import CRingFUSE
internal import Glibc
public import SystemPackage

/// The machine's CPUs: which exist, which this process may use, and how near they are to each other.
public struct CPUTopology: Sendable, Equatable {
    /// The CPUs that the kernel is prepared for. A ring has a queue for each of them, whether it is there or not.
    public var possible: CPUSet

    /// The CPUs that run now.
    public var online: CPUSet

    /// The CPUs that this process may run on, by its affinity mask and its cpuset.
    public var allowed: CPUSet

    /// The memory node of each CPU whose node is known; the kernel tells those of online CPUs only.
    public var nodes: [Int: Int]

    /// The hardware threads of each CPU's core, itself included, where they are known.
    public var siblings: [Int: CPUSet]

    /// The distance between two nodes, as the firmware gives it (10 is local); absent pairs are guessed.
    public var distances: [NodePair: Int]

    /// Two memory nodes, in the direction of an access.
    public struct NodePair: Sendable, Hashable {
        /// The node of the CPU.
        public var from: Int

        /// The node of the memory.
        public var to: Int

        /// A pair of nodes.
        public init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }
    }

    /// A topology given piece by piece; what is left out is unknown.
    public init(
        possible: CPUSet,
        online: CPUSet,
        allowed: CPUSet,
        nodes: [Int: Int] = [:],
        siblings: [Int: CPUSet] = [:],
        distances: [NodePair: Int] = [:]
    ) {
        self.possible = possible
        self.online = online
        self.allowed = allowed
        self.nodes = nodes
        self.siblings = siblings
        self.distances = distances
    }

    /// The CPUs that workers can run on now.
    public var usable: CPUSet { online.intersection(allowed) }

    /// The memory node of a CPU, or nil where the kernel does not tell.
    public func node(of cpu: Int) -> Int? { nodes[cpu] }

    /// The other hardware threads of a CPU's core.
    public func siblings(of cpu: Int) -> CPUSet {
        (siblings[cpu] ?? []).subtracting([cpu])
    }

    /// How far apart two CPUs' nodes are; 10 when they share one or either is unknown, as firmware counts.
    public func distance(from cpu: Int, to other: Int) -> Int {
        guard let from = nodes[cpu], let to = nodes[other], from != to else { return Self.localDistance }
        return distances[NodePair(from: from, to: to)] ?? Self.remoteDistance
    }

    /// LOCAL_DISTANCE of the kernel.
    private static let localDistance = 10

    /// REMOTE_DISTANCE of the kernel: what it assumes where the firmware says nothing.
    private static let remoteDistance = 20
}

extension CPUTopology {
    /// Reads sysfs. A file that is missing (a container without /sys) costs only what it would have told.
    ///
    /// - Parameters:
    ///   - root: The directory in which `sys` lies.
    ///   - allowed: The CPUs this process may run on; by default the kernel is asked.
    public static func read(root: FilePath = "/", allowed: CPUSet? = nil) -> CPUTopology {
        let system = root.appending("sys/devices/system")
        let allowed = allowed ?? affinity()
        let configured = CPUSet(0..<min(max(sysconf(Int32(_SC_NPROCESSORS_CONF)), 1), CPUSet.limit))
        // A queue more than the kernel has is refused and one fewer hangs the mount: sysfs, and only then a guess.
        let possible = list(system.appending("cpu/possible")) ?? configured.union(allowed ?? [])
        let online = (list(system.appending("cpu/online")) ?? allowed ?? possible).intersection(possible)
        var topology = CPUTopology(
            possible: possible,
            online: online,
            allowed: (allowed ?? online).intersection(possible)
        )
        topology.readNodes(in: system.appending("node"))
        topology.readSiblings(in: system.appending("cpu"))
        return topology
    }

    /// The CPUs that the calling thread may run on, or nil where the kernel does not say.
    static func affinity() -> CPUSet? {
        var cpus = [UInt32](repeating: 0, count: CPUSet.limit)
        let count = unsafe rfuse_get_affinity(0, &cpus, cpus.count)
        guard count > 0 else { return nil }
        return CPUSet(cpus.prefix(Int(count)).lazy.map(Int.init))
    }

    /// A file that holds a list of CPUs or nodes; nil where it is missing, empty or not such a list.
    private static func list(_ path: FilePath) -> CPUSet? {
        guard let text = SystemFile.text(of: path), let set = try? CPUSet(parsing: text), !set.isEmpty else {
            return nil
        }
        return set
    }

    /// Reads which CPUs each memory node has, and the distances between nodes.
    private mutating func readNodes(in directory: FilePath) {
        // Node numbers are written in the same syntax as CPU numbers, and are as few.
        guard let online = Self.list(directory.appending("online")) else { return }
        for node in online {
            let own = directory.appending("node\(node)")
            for cpu in Self.list(own.appending("cpulist")) ?? [] { nodes[cpu] = node }
            // One number per online node, in ascending order of nodes.
            let text = SystemFile.text(of: own.appending("distance")) ?? ""
            let row = text.split(separator: " ").compactMap { Int($0) }
            guard row.count == online.count else { continue }
            for (other, distance) in zip(online, row) { distances[NodePair(from: node, to: other)] = distance }
        }
    }

    /// Reads which CPUs share a core. The file got its second name in Linux 5.3 and keeps the first.
    private mutating func readSiblings(in directory: FilePath) {
        for cpu in possible {
            let own = directory.appending("cpu\(cpu)/topology")
            let names = ["core_cpus_list", "thread_siblings_list"]
            for name in names {
                guard let set = Self.list(own.appending(name)), set.contains(cpu) else { continue }
                siblings[cpu] = set
                break
            }
        }
    }
}
