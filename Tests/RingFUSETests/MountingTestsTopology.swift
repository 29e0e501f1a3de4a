import CRingFUSE
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Reading the machine's CPUs, from made-up machines and from this one.
@Suite struct MountingTestsTopology {
    /// Two nodes of two cores with two threads each; CPU 7 is offline, CPUs 8 and 9 could be plugged in.
    private func twoNodes(in scratch: Scratch) throws {
        try scratch.file("sys/devices/system/cpu/possible", "0-9\n")
        try scratch.file("sys/devices/system/cpu/online", "0-6\n")
        for (cpu, siblings) in ["0,4", "1,5", "2,6", "3", "0,4", "1,5", "2,6"].enumerated() {
            let name = cpu % 2 == 0 ? "thread_siblings_list" : "core_cpus_list"
            try scratch.file("sys/devices/system/cpu/cpu\(cpu)/topology/\(name)", siblings + "\n")
        }
        try scratch.file("sys/devices/system/node/online", "0,2\n")
        try scratch.file("sys/devices/system/node/node0/cpulist", "0-1,4-5\n")
        try scratch.file("sys/devices/system/node/node2/cpulist", "2-3,6\n")
        try scratch.file("sys/devices/system/node/node0/distance", "10 32\n")
        try scratch.file("sys/devices/system/node/node2/distance", "31 10\n")
    }

    @Test func readsNodesCoresAndStates() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try twoNodes(in: scratch)
        let topology = CPUTopology.read(root: scratch.path, allowed: [0, 1, 2, 7])
        #expect(topology.possible == CPUSet(0..<10))
        #expect(topology.online == CPUSet(0..<7))
        #expect(topology.allowed == [0, 1, 2, 7])
        #expect(topology.usable == [0, 1, 2])
        #expect((0..<8).map(topology.node(of:)) == [0, 0, 2, 2, 0, 0, 2, nil])
        #expect(topology.siblings(of: 0) == [4])
        #expect(topology.siblings(of: 5) == [1])
        #expect(topology.siblings(of: 3) == [])
        #expect(topology.siblings(of: 9) == [])
        #expect(topology.distance(from: 0, to: 5) == 10)
        #expect(topology.distance(from: 0, to: 2) == 32)
        #expect(topology.distance(from: 2, to: 0) == 31)
        #expect(topology.distance(from: 0, to: 9) == 10)
    }

    @Test func guessesRemoteDistance() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try twoNodes(in: scratch)
        try scratch.file("sys/devices/system/node/node0/distance", "10\n")
        let topology = CPUTopology.read(root: scratch.path, allowed: [0])
        #expect(topology.distance(from: 0, to: 2) == 20)
    }

    @Test func doesWithoutSysfs() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let topology = CPUTopology.read(root: scratch.path)
        #expect(!topology.usable.isEmpty)
        #expect(topology.possible.count >= topology.usable.count)
        #expect(topology.nodes.isEmpty)
        let placement = try Placement(on: topology)
        #expect(placement.workers.count == topology.usable.count)
    }

    @Test func takesAGarbledFileForAMissingOne() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try twoNodes(in: scratch)
        try scratch.file("sys/devices/system/cpu/online", "many\n")
        try scratch.file("sys/devices/system/node/online", "\n")
        let topology = CPUTopology.read(root: scratch.path, allowed: [1, 3])
        #expect(topology.online == [1, 3])
        #expect(topology.nodes.isEmpty)
    }

    @Test func readsThisMachine() throws {
        let topology = CPUTopology.read()
        #expect(topology.possible.count >= topology.online.count)
        #expect(topology.usable == topology.allowed)
        #expect(topology.online.count == sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let first = try #require(topology.usable.first)
        let restricted = try onThread {
            var cpu = UInt32(first)
            #expect(unsafe rfuse_set_affinity(0, &cpu, 1) == 0)
            return CPUTopology.read()
        }
        #expect(restricted.usable == [first])
        #expect(restricted.possible == topology.possible)
    }

    @Test func refusesImpossibleAffinities() throws {
        try onThread {
            var beyond: UInt32 = 8192
            let results = unsafe [rfuse_set_affinity(0, &beyond, 1), rfuse_set_affinity(0, &beyond, 0)]
            #expect(results == [-EINVAL, -EINVAL])
            let count = rfuse_get_affinity(0, nil, 0)
            #expect(Int(count) == CPUTopology.read().allowed.count)
        }
    }

    @Test func namesThreads() throws {
        let name = try onThread {
            _ = unsafe rfuse_thread_name("ringfuse/12-and-more")
            return try readAll("/proc/thread-self/comm")
        }
        #expect(name == "ringfuse/12-and\n")
    }

    @Test func bindsMemoryToANode() throws {
        let size = 1 << 16
        let region = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        defer { unsafe munmap(region, size) }
        // No machine has node 1023, and node 1024 is one more than the call can name.
        let results = unsafe [
            rfuse_mbind_preferred(region, size, 0), rfuse_mbind_preferred(region, size, 1023),
            rfuse_mbind_preferred(region, size, 1024), rfuse_mbind_preferred(region.map { unsafe $0 + 1 }, size, 0),
        ]
        #expect(results == [0, -EINVAL, -EINVAL, -EINVAL])
        // numa_maps shows the policy of each mapping, in lines that start with its address.
        let address = String(UInt(bitPattern: region), radix: 16)
        let line = try readAll("/proc/self/numa_maps").split(separator: "\n").first { $0.hasPrefix(address) }
        #expect(line?.contains("prefer:0") == true)
    }

    /// The text of a file of procfs.
    private func readAll(_ path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var text: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            var count = 0
            repeat {
                count = try unsafe chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                text += chunk[..<count]
            } while count > 0
            return String(decoding: text, as: UTF8.self)
        }
    }
}
