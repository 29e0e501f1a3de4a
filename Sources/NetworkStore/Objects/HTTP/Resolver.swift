import Glibc
import RingFUSE
import Synchronization
import SystemPackage

/// Finds the addresses of hosts, and remembers them for a while.
final class Resolver: Sendable {
    /// An address as the kernel wants it, and the domain of its sockets.
    struct Address: Sendable, Hashable {
        let domain: CInt
        let bytes: [UInt8]
    }

    private struct Known {
        let addresses: [Address]
        let until: UInt64
    }

    private let known = Mutex<[String: Known]>([:])
    /// `getaddrinfo` waits for servers.
    private let pool = ThreadPool(threads: 2)
    private static let lifetime: UInt64 = 30_000_000_000
    private static let limit = 64

    /// The addresses of a host, in the order in which to try them.
    ///
    /// - Throws: one line that says why there are none.
    func addresses(of host: String, port: UInt16) async throws(ResolutionFailure) -> [Address] {
        let name = "\(host) \(port)"
        let now = Clock.now
        if let found = known.withLock({ $0[name] }), found.until > now { return found.addresses }
        let answer = Answer()
        do throws(Errno) {
            let code = try await pool.run { answer.look(for: host, port) }
            guard code == 0 else { throw Errno.noSuchFileOrDirectory }
        } catch {
            if error == .canceled { throw ResolutionFailure(isCancelled: true, reason: "cancelled") }
            throw ResolutionFailure(isCancelled: false, reason: answer.reason ?? error.description)
        }
        let addresses = answer.addresses
        known.withLock { known in
            if known.count >= Self.limit { known.removeAll() }
            known[name] = Known(addresses: addresses, until: now + Self.lifetime)
        }
        return addresses
    }

    /// Forgets a host: its addresses do not answer.
    func forget(_ host: String, port: UInt16) { known.withLock { $0["\(host) \(port)"] = nil } }
}

/// Why a host has no address.
struct ResolutionFailure: Error {
    let isCancelled: Bool
    let reason: String
}

/// What a thread has found.
private final class Answer: Sendable {
    private struct State {
        var addresses: [Resolver.Address] = []
        var reason: String?
    }

    private let state = Mutex(State())

    var addresses: [Resolver.Address] { state.withLock { $0.addresses } }
    var reason: String? { state.withLock { $0.reason } }

    /// Asks the system, which may take seconds.
    ///
    /// - Returns: 0, or 1 where there is no address.
    func look(for host: String, _ port: UInt16) -> Int {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_family = AF_UNSPEC
        // Not AI_ADDRCONFIG, which does not count the loopback.
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &first)
        guard code == 0 else {
            let text = unsafe String(cString: gai_strerror(code))
            state.withLock { $0.reason = text }
            return 1
        }
        defer { unsafe freeaddrinfo(first) }
        var found: [Resolver.Address] = []
        var next = unsafe first
        while let info = unsafe next {
            if let address = unsafe info.pointee.ai_addr {
                let bytes = unsafe UnsafeRawBufferPointer(start: address, count: Int(info.pointee.ai_addrlen))
                unsafe found.append(Resolver.Address(domain: info.pointee.ai_family, bytes: Array(bytes)))
            }
            unsafe next = info.pointee.ai_next
        }
        state.withLock { $0.addresses = found }
        return found.isEmpty ? 1 : 0
    }
}
