/// All who may take part.
struct Roster {
    /// The tool itself, which serves RingFUSE's file systems.
    let tool: String
    /// Where the yardsticks are; empty where there is no such directory.
    let yardsticks: String
    /// The volume that RingFUSE mounts as a network store; empty where there is none.
    let volume: String
    /// More words for RingFUSE's mounts on the ring.
    let ringOptions: [String]
    /// More words for RingFUSE's mounts on the device.
    let deviceOptions: [String]
    /// More words for the C server on the ring.
    let floorOptions: [String]

    /// In the order of tables.
    var all: [Contender] {
        [
            ringfuse("ring", options: ringOptions), ringfuse("device", options: deviceOptions), passthrough,
            floor("ring", options: floorOptions), floor("device", options: []),
            libfuse("libfuse", "libfuse 3.14, classic", suffix: ""),
            libfuse("libfuse318", "libfuse 3.18, classic", suffix: "318"),
            libfuse("libfuse318-ring", "libfuse 3.18, ring", suffix: "318", options: ["--io-uring"], onRing: true),
            libfusePassthrough,
            Contender(
                identifier: "ext4", name: "ext4 (kernel)", services: [.memory: .image], needs: [.memory: [.root]]),
            Contender(
                identifier: "tmpfs", name: "tmpfs (kernel)", services: [.memory: .tmpfs], needs: [.memory: [.root]]),
            Contender(identifier: "source", name: "the source itself", services: [.mirror: .source]),
        ]
    }

    // MARK: RingFUSE

    private func ringfuse(_ transport: String, options: [String]) -> Contender {
        let needs: [Contender.Need] = transport == "ring" ? [.ring] : []
        return Contender(
            identifier: "ringfuse-\(transport)",
            name: "RingFUSE, \(transport)",
            services: Dictionary(
                uniqueKeysWithValues: Field.allCases.filter { $0 != .store || !volume.isEmpty }.map { field in
                    (field, mount(field, transport: transport, options: options))
                }),
            needs: Dictionary(uniqueKeysWithValues: Field.allCases.map { ($0, needs) })
        )
    }

    /// A mirror whose files the kernel reads and writes by itself.
    private var passthrough: Contender {
        Contender(
            identifier: "ringfuse-passthrough",
            name: "RingFUSE, passthrough",
            services: [.mirror: mount(.mirror, transport: "auto", options: ringOptions + ["--passthrough"])],
            needs: [.mirror: [.root]]
        )
    }

    private func mount(_ field: Field, transport: String, options: [String]) -> Contender.Service {
        guard field != .store else {
            let words = [tool, "store", "mount", volume, "{}", "--transport", transport] + options
            return .process(words: words, ready: "unmount:")
        }
        let place = field == .mirror ? ["{source}", "{}"] : ["{}"]
        // The kernel may believe a mirror's names and attributes for as long as libfuse's has it.
        let settings = field == .mirror ? ["--cache-timeout", "86400"] : []
        let words = [tool, "mount", field.rawValue] + place + ["--transport", transport] + settings + options
        return .process(words: words, ready: "unmount:")
    }

    // MARK: Yardsticks

    /// The smallest servers, in C. Their files are cached as those of the others are.
    private func floor(_ transport: String, options: [String]) -> Contender {
        let program = "\(yardsticks)/null_\(transport)"
        let needs: [Contender.Need] = [.program(program, remedy: "make -C Benchmarks/Yardsticks ring"), .root]
        return Contender(
            identifier: "floor-\(transport)",
            name: "C, \(transport)",
            services: [.null: .process(words: [program, "--buffered"] + options + ["{}"], ready: "ready")],
            needs: [.null: needs + (transport == "ring" ? [.ring] : [])]
        )
    }

    /// libfuse's mirror whose files the kernel reads and writes by itself.
    private var libfusePassthrough: Contender {
        let program = "\(yardsticks)/passthrough_hp_libfuse318"
        return Contender(
            identifier: "libfuse318-passthrough",
            name: "libfuse 3.18, passthrough",
            services: [
                .mirror: .process(words: [program, "--passthrough", "--source", "{source}", "{}"], ready: "ready")
            ],
            needs: [.mirror: [.program(program, remedy: "make -C Benchmarks/Yardsticks"), .root]]
        )
    }

    private func libfuse(
        _ identifier: String,
        _ name: String,
        suffix: String,
        options: [String] = [],
        onRing: Bool = false
    ) -> Contender {
        let needs: [Contender.Need] = onRing ? [.ring] : []
        let remedy = "make -C Benchmarks/Yardsticks"
        var contender = Contender(identifier: identifier, name: name, services: [:])
        for (field, program, flags) in [
            (Field.null, "null_libfuse", ["--buffered"]), (.memory, "memory_libfuse", []),
            (.mirror, "passthrough_libfuse", []),
        ] {
            let path = "\(yardsticks)/\(program)\(suffix)"
            let place = field == .mirror ? ["--source", "{source}", "{}"] : ["{}"]
            contender.services[field] = .process(words: [path] + flags + options + place, ready: "ready")
            contender.needs[field] = [.program(path, remedy: remedy)] + needs
        }
        return contender
    }
}
