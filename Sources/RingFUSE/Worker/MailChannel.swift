import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The channel of a worker that takes no requests and has no ring: it sleeps until there is mail.
@safe
struct MailChannel: RequestChannel, ~Copyable {
    private let mailbox: Mailbox

    init(mailbox: Mailbox) { self.mailbox = mailbox }

    var entryCount: Int { 0 }
    var isFinished: Bool { true }
    var isDisconnected: Bool { false }
    var mayHoldMore: Bool { false }
    var isHopeless: Bool { false }
    private(set) var systemCalls: UInt64 = 0

    mutating func start() throws(Errno) {}

    mutating func collect(mayWait: Bool, isIdle: Bool, into arrivals: inout ArrivalBatch) -> Bool {
        var polled = pollfd(fd: mailbox.eventFile.rawValue, events: Int16(POLLIN), revents: 0)
        systemCalls += 1
        guard unsafe poll(&polled, 1, mayWait ? -1 : 0) > 0 else { return false }
        mailbox.acknowledge()
        return true
    }

    func frame(of entry: Int) -> RequestFrame { preconditionFailure("has no entries") }
    mutating func commit(_ entry: Int, unique: UInt64, error: Int32, length: Int) {
        preconditionFailure("has no entries")
    }
    mutating func release(_ entry: Int) { preconditionFailure("has no entries") }
    func giveBack(unless isServed: (Int) -> Bool) {}
}
