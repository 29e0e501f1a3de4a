internal import CRingFUSE
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A mirror of a source whose calls may block for long: on a network, on another user-space file system, or one that
/// waits for this very mount.
///
/// ``MirrorFileSystem`` makes calls about names and attributes on the worker itself, and others on the worker's ring.
/// Here each runs on a thread of a pool, and the worker goes on serving; it never waits for the source. That costs each
/// request two wake-ups. Should all threads wait, requests wait with them; interrupts and the end of the connection do
/// not, so the callers can be killed and the mount can be aborted.
///
/// The ring will not do: before io_uring reads a file for the first time it polls it (`io_file_supports_nowait`), for
/// which FUSE asks its server, and that within the worker's own `io_uring_enter` (Linux 6.18). A worker that asks
/// itself in this way does not even end with its connection.
public final class BlockingMirrorFileSystem: FileSystem {
    /// What is passed through.
    let mirror: MirrorFileSystem
    /// Makes the calls.
    private let threads: ThreadPool
    /// Does reads, writes and the like, on threads of its own: metadata may wait for them.
    private let engine: ThreadPoolIO
    /// Calls that may be under way at a time.
    private static let mostCalls = 16
    /// For contexts of calls that do no asynchronous I/O.
    private static let idle = IOEngine()

    /// Calls of a mirror, on threads.
    public init(_ mirror: MirrorFileSystem) {
        self.mirror = mirror
        threads = ThreadPool(threads: Self.mostCalls)
        engine = ThreadPoolIO(ThreadPool(threads: Self.mostCalls))
    }

    /// Whether the file system of a source is of a kind that may block for long: on a network, or in user space.
    ///
    /// - Throws: ``MirrorError`` where the source can't be opened.
    public static func isAdvised(for source: FilePath) throws(MirrorError) -> Bool {
        do throws(Errno) {
            let path = try checked(unsafe source.withPlatformString { unsafe rfuse_open_directory_path($0) })
            let descriptor = CInt(path)
            defer { _ = rfuse_close(descriptor) }
            try checked(rfuse_file_system_type(descriptor))
            return MirrorSourceKind(of: descriptor) == .remote
        } catch {
            throw MirrorError(step: .openSource, source: source, errno: error)
        }
    }

    /// What the mirror promises.
    public var features: FileSystemFeatures { mirror.features }

    /// Passed on.
    public func connected(_ connection: Connection) { mirror.connected(connection) }

    /// Passed on.
    public func disconnected() async { await mirror.disconnected() }

    /// Takes lookups back. A descriptor that is not needed any more is closed on a thread: it may be the end of a file.
    public func forget(_ node: NodeID, lookups: UInt64) {
        guard let node = mirror.nodes.forget(node, lookups: lookups) else { return }
        let last = LastReference(node)
        let threads = threads
        Task.detached {
            _ = try? await threads.run(cancellable: false) {
                last.drop()
                return 0
            }
        }
    }

    /// The same caller, with I/O on threads instead of the worker's ring.
    func onThreads(_ context: borrowing RequestContext) -> RequestContext {
        RequestContext(
            unique: context.unique,
            userID: context.userID,
            groupID: context.groupID,
            processID: context.processID,
            clearsSetGroupID: context.clearsSetGroupID,
            io: AsyncIO(engine)
        )
    }

    /// Makes a call of the mirror's on a thread.
    ///
    /// - Parameters:
    ///   - cancellable: whether the call may be left out where the caller is interrupted before it began.
    ///   - body: gets the mirror, and a context that stands for the caller but has no I/O.
    /// - Throws: what `body` throws; `ECANCELED` where it was left out.
    func call<Result: Sendable>(
        _ context: borrowing RequestContext,
        cancellable: Bool = true,
        _ body: @escaping @Sendable (MirrorFileSystem, borrowing RequestContext) throws(Errno) -> Result
    ) async throws(Errno) -> Result {
        let (unique, user, group) = (context.unique, context.userID, context.groupID)
        let (process, clearsSetGroupID) = (context.processID, context.clearsSetGroupID)
        let outcome = Outcome<Result>()
        let mirror = mirror
        _ = try await threads.run(cancellable: cancellable) {
            let context = RequestContext(
                unique: unique,
                userID: user,
                groupID: group,
                processID: process,
                clearsSetGroupID: clearsSetGroupID,
                io: AsyncIO(Self.idle)
            )
            do throws(Errno) {
                outcome.set(try body(mirror, context))
                return 0
            } catch {
                return -Int(error.rawValue)
            }
        }
        return outcome.value
    }
}

/// What a call on another thread gave. Written there before the task that reads it is resumed.
private final class Outcome<Value: Sendable>: @unchecked Sendable {
    private var stored: Value?

    /// Keeps the value.
    func set(_ value: Value) { stored = value }

    /// The value.
    var value: Value {
        guard let stored else { preconditionFailure("a call that threw nothing has a result") }
        return stored
    }
}

/// The last reference to a node, to be dropped on a certain thread.
private final class LastReference: Sendable {
    private let node: Mutex<MirrorNode?>

    /// Holds a node.
    init(_ node: MirrorNode) { self.node = Mutex(node) }

    /// Lets go of it.
    func drop() {
        let last = node.withLock { node in
            defer { node = nil }
            return node
        }
        _ = last
    }
}
