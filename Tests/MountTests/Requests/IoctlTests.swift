import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// ioctl(2) as every server may have it: sizes and direction are those that the command's number tells.
    @Suite
    struct Ioctl {
        private func run(
            _ way: Way,
            _ script: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws -> KnobFileSystem {
            let backend = KnobFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let prelude = """
                    import errno, fcntl, os
                    knob = os.open("knob", os.O_RDONLY); box = os.open("box", os.O_RDONLY)
                    def call(file, command, size, fill=0, result=0):
                        data = bytearray([fill]) * size
                        assert fcntl.ioctl(file, command, data, True) == result
                        return data
                    def refuses(error, file, command):
                        try: fcntl.ioctl(file, command, bytearray(16), True)
                        except OSError as e: assert e.errno == error, e
                        else: raise AssertionError("succeeded")

                    """
                let child = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", prelude + script], in: session.path)
                let ending = try await child.ended()
                #expect(ending.isSuccess, "\(ending.text)", sourceLocation: sourceLocation)
            }
            return backend
        }

        /// Data goes as the number says: out, in, both, none; and a result is returned.
        @Test(arguments: Way.allCases)
        func dataGoesBothWays(_ way: Way) async throws {
            let backend = try await run(
                way,
                """
                assert call(knob, 0x80045201, 16, 7) == bytes([1, 2, 3, 2]) + bytes([7]) * 12
                call(knob, 0x40085202, 16, 5)
                data = bytearray(range(16))
                assert fcntl.ioctl(knob, 0xc0105203, data, True) == 0 and data == bytes(range(15, -1, -1))
                assert fcntl.ioctl(knob, 0x5204, 99) == 42
                assert call(knob, 0x80045207, 4, 7) == bytes([8, 9, 7, 7])
                """)
            let expected = [
                KnobFileSystem.Command(number: KnobFileSystem.get, inputSize: 0, outputSize: 4),
                KnobFileSystem.Command(number: KnobFileSystem.set, inputSize: 8, outputSize: 0),
                KnobFileSystem.Command(number: KnobFileSystem.reverse, inputSize: 16, outputSize: 16),
                KnobFileSystem.Command(number: KnobFileSystem.count, inputSize: 0, outputSize: 0),
                KnobFileSystem.Command(number: KnobFileSystem.short, inputSize: 0, outputSize: 4),
            ]
            #expect(backend.commands == expected)
            #expect(backend.stored == [UInt8](repeating: 5, count: 8))
        }

        /// The largest that a number can tell: more than two pages, in, out and both at once.
        @Test(arguments: Way.allCases)
        func largeArguments(_ way: Way) async throws {
            let backend = try await run(
                way,
                """
                data = call(knob, 0xbfff5205, 16383)
                assert data == bytes(n % 251 for n in range(16383))
                assert fcntl.ioctl(knob, 0xffff5206, data, True) == 0
                assert data == bytes(n % 251 for n in range(16382, -1, -1))
                """)
            #expect(backend.commands.map(\.outputSize) == [16383, 16383])
        }

        /// Errors are the caller's; an unknown command is ENOTTY.
        @Test(arguments: Way.allCases)
        func errorsAreTold(_ way: Way) async throws {
            _ = try await run(
                way,
                """
                refuses(errno.EDQUOT, knob, 0x5208)
                refuses(errno.ENOTTY, knob, 0x5299)
                refuses(errno.EDQUOT, box, 0x5208)
                assert call(knob, 0x80045201, 4) == bytes([1, 2, 3, 2])
                """)
        }

        /// Directories have ioctls too.
        @Test(arguments: Way.allCases)
        func directories(_ way: Way) async throws {
            _ = try await run(
                way,
                """
                assert call(box, 0x80045201, 4) == bytes([1, 2, 3, 3])
                assert fcntl.ioctl(os.open(".", os.O_RDONLY), 0x5204, 0) == 42
                """)
        }

        /// Attributes of files (lsattr, chattr) are ioctls that the kernel makes itself, on files that it opens itself.
        @Test(arguments: Way.allCases)
        func fileAttributes(_ way: Way) async throws {
            let backend = KnobFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(
                    """
                    [[ "$(lsattr -d knob | cut -d' ' -f1)" != *d* ]]
                    chattr +d knob
                    [[ "$(lsattr -d knob | cut -d' ' -f1)" == *d* ]]
                    [[ "$(lsattr -d box | cut -d' ' -f1)" == *d* ]]
                    chattr -d box
                    [[ "$(lsattr -d knob | cut -d' ' -f1)" != *d* ]]
                    """)
                let sizes = backend.commands.filter { $0.number == KnobFileSystem.getFlags }.map(\.outputSize)
                #expect(!sizes.isEmpty && sizes.allSatisfy { $0 == 4 })
            }
        }

        /// A backend without ioctls: ENOTTY, as for any file.
        @Test(arguments: Way.allCases)
        func withoutIoctls(_ way: Way) async throws {
            try await withMount(ObservedFileSystem(), configuration: try way.configuration()) { session in
                // What lsattr makes of ENOTTY.
                try await session.check("refuses 'Operation not supported' lsattr -d file")
                let script = "import fcntl; fcntl.ioctl(open('file'), 0x5204, 0)"
                let child = try await ChildProcess.start(["/usr/bin/python3", "-I", "-c", script], in: session.path)
                let text = try await child.ended().text
                #expect(text.contains("Inappropriate ioctl for device"), "\(text)")
            }
        }
    }
}
