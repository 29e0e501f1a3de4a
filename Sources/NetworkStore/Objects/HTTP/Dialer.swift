import Glibc
import RingFUSE
import SystemPackage

/// Makes connections to one server.
final class Dialer: Sendable {
    let endpoint: Endpoint
    /// The host to connect to, which is in the certificate.
    let host: String
    private let resolver: Resolver
    private let tls: TLSContext?
    private let connectLimit: Duration
    private let idleLimit: Duration

    /// - Parameters:
    ///   - host: of the endpoint, or with the bucket before it.
    ///   - certificates: a file of certificates to trust with https; `nil` for the system's.
    ///   - connectLimit: for how long to try each address.
    ///   - idleLimit: for how long the server may be silent.
    /// - Throws: ``HTTPFailure/tls(_:)``.
    init(
        _ endpoint: Endpoint,
        host: String,
        certificates: String?,
        connectLimit: Duration,
        idleLimit: Duration
    ) throws(HTTPFailure) {
        self.endpoint = endpoint
        self.host = host
        self.connectLimit = connectLimit
        self.idleLimit = idleLimit
        resolver = Resolver()
        tls = endpoint.isEncrypted ? try TLSContext(certificates: certificates) : nil
    }

    /// Makes a connection.
    ///
    /// - Parameter watch: gets it before the server is waited for.
    func dial(
        _ io: borrowing AsyncIO,
        watch: (HTTPConnection) -> Void
    ) async throws(DialFailure) -> HTTPConnection {
        let addresses: [Resolver.Address]
        do throws(ResolutionFailure) {
            addresses = try await resolver.addresses(of: host, port: endpoint.port)
        } catch {
            throw error.isCancelled ? .cancelled : .resolution(error.reason)
        }
        var failure = Errno.addressNotAvailable
        for address in addresses {
            let socket: FileDescriptor
            do throws(Errno) {
                socket = try await connect(to: address, io)
            } catch {
                if error == .canceled || error == .interrupted { throw .cancelled }
                failure = error
                continue
            }
            return try await greet(socket, io, watch)
        }
        resolver.forget(host, port: endpoint.port)
        throw .connection(failure)
    }

    /// Agrees on keys, with https.
    private func greet(
        _ socket: FileDescriptor,
        _ io: borrowing AsyncIO,
        _ watch: (HTTPConnection) -> Void
    ) async throws(DialFailure) -> HTTPConnection {
        do throws(HTTPFailure) {
            let session: TLSSession?
            do throws(HTTPFailure) {
                session = try tls?.session(to: host)
            } catch {
                try? socket.close()
                throw error
            }
            let connection = HTTPConnection(socket, tls: session, idleLimit: idleLimit)
            watch(connection)
            do throws(HTTPFailure) {
                try await connection.handshake(io)
                return connection
            } catch {
                connection.close()
                throw error
            }
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .tls(let reason): throw .tls(reason)
            case .failed(let errno): throw .connection(errno)
            case .closed, .cut, .malformed: throw .tls("the server ends the connection; does it speak TLS?")
            }
        }
    }

    /// Connects, and gives up after some time.
    private func connect(to address: Resolver.Address, _ io: borrowing AsyncIO) async throws(Errno) -> FileDescriptor {
        let socket = try io.socket(domain: address.domain, type: CInt(SOCK_STREAM.rawValue))
        do throws(Errno) {
            // Small requests must not wait for the answers to earlier ones.
            try io.setOption(CInt(TCP_NODELAY), at: CInt(IPPROTO_TCP), of: socket, to: 1)
            try io.setOption(SO_KEEPALIVE, at: SOL_SOCKET, of: socket, to: 1)
            try await Self.connect(socket, to: address.bytes, within: connectLimit, io.retained)
            return socket
        } catch {
            try? socket.close()
            throw error
        }
    }

    private static func connect(
        _ socket: FileDescriptor,
        to address: [UInt8],
        within limit: Duration,
        _ engine: IOEngine
    ) async throws(Errno) {
        let outcome = await withTaskGroup(of: Errno?.self) { group in
            group.addTask {
                do throws(Errno) {
                    try await AsyncIO(engine).connect(socket, to: RawSpan(_elements: address.span))
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                do throws(Errno) {
                    try await AsyncIO(engine).sleep(for: limit)
                    return .timedOut
                } catch {
                    return error
                }
            }
            let first = await group.next() ?? .canceled
            group.cancelAll()
            return first
        }
        if let outcome { throw outcome }
    }
}

/// Why there is no connection.
enum DialFailure: Error {
    case resolution(String)
    case connection(Errno)
    case tls(String)
    case cancelled
}
