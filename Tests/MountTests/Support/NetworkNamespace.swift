import Glibc

/// Network namespaces whose programs reach this machine at one address, each over a link of its own that can be cut: a
/// cable that is pulled out, of which neither end is told anything.
final class NetworkNamespaces: Sendable {
    /// The address of this machine, from all of them.
    let address: String
    private let names: [String]
    private let links: [String]

    /// Makes some.
    init(count: Int) async throws {
        let number = Int.random(in: 1...250)
        let prefix = "10.213.\(number)"
        address = "\(prefix).1"
        let mark = "rf\(UInt16.random(in: 0...UInt16.max))"
        names = (0..<count).map { "\(mark)-\($0)" }
        links = names
        do {
            try await Self.run("ip addr add \(address)/32 dev lo")
            for (index, name) in names.enumerated() {
                let (outer, inner) = ("\(prefix).\(index * 4 + 5)", "\(prefix).\(index * 4 + 6)")
                try await Self.run(
                    """
                    ip netns add \(name)
                    ip link add \(name) type veth peer name eth0 netns \(name)
                    ip addr add \(outer)/30 dev \(name)
                    ip link set \(name) up
                    ip -n \(name) link set lo up
                    ip -n \(name) addr add \(inner)/30 dev eth0
                    ip -n \(name) link set eth0 up
                    ip -n \(name) route add default via \(outer)
                    """)
            }
        } catch {
            await remove()
            throw error
        }
    }

    /// Words that have a program run in one of them. Mounts that it makes are seen everywhere.
    func words(_ index: Int) -> [String] { ["nsenter", "--net=/run/netns/\(names[index])"] }

    /// Cuts the link of one of them.
    func cut(_ index: Int) async throws { try await Self.run("ip link set \(links[index]) down") }

    /// Mends the link of one of them.
    func mend(_ index: Int) async throws { try await Self.run("ip link set \(links[index]) up") }

    /// Removes all of it.
    func remove() async {
        for name in names { _ = try? await Self.run("ip netns del \(name)") }
        _ = try? await Self.run("ip addr del \(address)/32 dev lo")
    }

    private static func run(_ script: String) async throws {
        let ending = try await Program.run("/bin/bash", "-ec", "PATH+=:/usr/sbin:/sbin\n" + script)
        guard ending.isSuccess else { throw Failure(description: "\(script): \(ending.text)") }
    }

    /// They could not be made.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
