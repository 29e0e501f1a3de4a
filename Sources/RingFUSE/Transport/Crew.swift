import Ring
import Synchronization
import SystemPackage

/// The threads that serve one session, and what they share.
///
/// A transport starts them together: all prepare, then all register, then all run; or none does.
final class Crew<Verdict: Sendable>: Sendable {
    private let threads: Mutex<[DedicatedThread]>
    private let rendezvous: Rendezvous<Errno?, Verdict>
    let mailboxes: [Mailbox]
    fileprivate let endings: Monitor<Endings>

    /// Which threads are not to be waited for any more.
    fileprivate struct Endings: Sendable {
        /// Those that have ended.
        var ended: Set<Int> = []
        /// Those that will not end.
        var lost: Set<Int> = []
    }

    /// One member's way to meet the others.
    struct Member: Sendable {
        let index: Int
        let mailbox: Mailbox
        /// Those of all members.
        let mailboxes: [Mailbox]
        fileprivate let rendezvous: Rendezvous<Errno?, Verdict>
        fileprivate let endings: Monitor<Endings>

        /// Has ``Crew/join()`` wait for this member no longer: its thread is stuck for good. Any thread may.
        func giveUp() {
            let index = index
            endings.change { endings in _ = endings.lost.insert(index) }
        }

        fileprivate func hasEnded() {
            let index = index
            endings.change { endings in _ = endings.ended.insert(index) }
        }

        /// Reports how a step went, and waits for what is decided.
        func meet(_ failure: Errno?) -> Verdict { rendezvous.meet(failure) }
    }

    /// What a member is called and where it runs.
    struct Post: Sendable {
        let name: String
        let cpu: Int?
    }

    /// Starts threads; each runs `body` up to its first meeting.
    ///
    /// - Parameter start: makes a thread; tests have it fail.
    /// - Throws: `EAGAIN` where there can be no more threads, `EMFILE`; then none runs.
    init(
        _ posts: [Post],
        quit: Verdict,
        start: (Post, @escaping @Sendable () -> Void) throws(Errno) -> DedicatedThread = Crew.start,
        body: @escaping @Sendable (Member) -> Void
    ) throws(Errno) {
        var mailboxes: [Mailbox] = []
        for _ in posts { mailboxes.append(try Mailbox()) }
        let rendezvous = Rendezvous<Errno?, Verdict>(size: posts.count)
        let endings = Monitor(Endings())
        var started: [DedicatedThread] = []
        var failure: Errno?
        for (index, post) in posts.enumerated() {
            let member = Member(
                index: index, mailbox: mailboxes[index], mailboxes: mailboxes, rendezvous: rendezvous, endings: endings)
            do throws(Errno) {
                started.append(
                    try start(post) {
                        body(member)
                        member.hasEnded()
                    })
            } catch {
                failure = error
                break
            }
        }
        self.mailboxes = mailboxes
        self.rendezvous = rendezvous
        self.endings = endings
        if let failure {
            // The missing ones report by proxy, so that those that run get their verdict.
            for _ in started.count..<posts.count { rendezvous.report(failure) }
            _ = rendezvous.collect()
            rendezvous.decide(quit)
            for thread in started { thread.join() }
            threads = Mutex([])
            throw failure
        }
        threads = Mutex(started)
    }

    /// Starts the thread of a post.
    static func start(_ post: Post, _ body: @escaping @Sendable () -> Void) throws(Errno) -> DedicatedThread {
        // A CPU that went away between planning and now leaves its worker unpinned, which is slower, not wrong.
        try DedicatedThread(name: post.name, cpu: post.cpu) { _ in body() }
    }

    /// The first failure of a step that all have reported on; `nil` where none failed.
    func firstFailure() -> Errno? { rendezvous.collect().compactMap { $0 }.first }

    /// Tells all how to go on.
    func decide(_ verdict: Verdict) { rendezvous.decide(verdict) }

    /// Waits until all threads have ended, but for those that were given up.
    ///
    /// - Returns: how many were: they go on, with all that they hold.
    @discardableResult
    func join() -> Int {
        let all = threads.withLock { threads in
            let all = threads
            threads = []
            return all
        }
        let lost = endings.wait { endings in
            let rest = endings.lost.subtracting(endings.ended)
            return endings.ended.count + rest.count < all.count ? nil : rest
        }
        for (index, thread) in all.enumerated() {
            if lost.contains(index) { thread.detach() } else { thread.join() }
        }
        return lost.count
    }
}
