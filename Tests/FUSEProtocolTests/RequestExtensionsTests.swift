import FUSEProtocol
import TestSupport
import Testing

/// Security contexts and groups after the names.
@Suite struct RequestExtensionsTests {
    /// Both of them.
    @Test func contextAndGroup() throws {
        let octets = hex(Golden.extensions)
        let extensions = try RequestExtensions(raw(octets), length: 56)
        let (name, value) = (text(extensions.securityName), array(extensions.securityValue))
        let group = try extensions.group(at: 0)
        let groupCount = extensions.groupCount
        #expect(name == "security.selinux")
        #expect(value == Array("ctx:0".utf8))
        #expect(groupCount == 1)
        #expect(group == 1000)
    }

    /// None, though bytes are there: the header says how many count.
    @Test func none() throws {
        let octets = hex(Golden.extensions)
        let extensions = try RequestExtensions(raw(octets), length: 0)
        let counts = [extensions.securityName.count, extensions.securityValue.byteCount, extensions.groupCount]
        #expect(counts == [0, 0, 0])
    }

    /// A header of security contexts without one, three groups, and a type that is not known yet.
    @Test func others() throws {
        let octets = hex(
            """
            08000000 00000000
            0c000000 63000000 ffffffff 00000000
            18000000 20000000 03000000 01000000 02000000 03000000
            """
        )
        let extensions = try RequestExtensions(raw(octets), length: octets.count)
        let count = extensions.groupCount
        let groups = [try extensions.group(at: 0), try extensions.group(at: 1), try extensions.group(at: 2)]
        let nameCount = extensions.securityName.count
        #expect(count == 3)
        #expect(groups == [1, 2, 3])
        #expect(nameCount == 0)
        var isRefused = false
        do throws(WireError) { _ = try extensions.group(at: 3) } catch { isRefused = true }
        #expect(isRefused)
    }

    /// Sizes and counts that lie.
    @Test(
        arguments: [
            ("smaller than its header", "07000000 20000000"),
            ("no size", "00000000 20000000"),
            ("larger than the rest", "11000000 20000000 01000000 e8030000"),
            ("size near 2^32", "f8ffffff 20000000 01000000 e8030000"),
            ("more groups than bytes", "10000000 20000000 02000000 e8030000"),
            ("groups near 2^32", "10000000 20000000 ffffffff e8030000"),
            ("two security contexts", "20000000 02000000 01000000 00000000 6100 62 00000000000000000000000000"),
            ("a value longer than its extension", "18000000 01000000 07000000 00000000 6100 6262626262 00"),
        ]
    )
    func lies(_ what: String, _ bytes: String) {
        let octets = hex(bytes)
        #expect(throws: WireError.badLength, "\(what)") { _ = try RequestExtensions(raw(octets), length: octets.count) }
    }

    /// A security context whose name has no NUL of its own must not borrow the one of the next extension.
    @Test func nameWithoutEnd() {
        let octets = hex("18000000 01000000 00000000 00000000 6161616161616161 08000000 00000000")
        #expect(throws: WireError.truncated(expected: 25, got: 24)) {
            _ = try RequestExtensions(raw(octets), length: octets.count)
        }
    }
}
