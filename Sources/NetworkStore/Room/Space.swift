internal import RingFUSE

/// How much there may be somewhere, and how much there is: what `df` tells.
struct Space {
    /// Bytes of a block that is told.
    private static let block: UInt64 = 4096

    /// Bytes that there may be.
    private var byteLimit: UInt64
    /// Nodes that there may be.
    private var nodeLimit: UInt64
    /// Bytes that there are.
    private var bytes: UInt64
    /// Nodes that there are.
    private var nodes: UInt64

    /// The space of a volume.
    init(limits: QuotaRecord.Limits, bytes: UInt64, nodes: UInt64) {
        byteLimit = max(limits.bytes ?? .max, bytes)
        nodeLimit = max(limits.nodes ?? .max, nodes)
        self.bytes = bytes
        self.nodes = nodes
    }

    /// A quota holds, too: where it leaves less, it is what is told.
    mutating func narrow(to quota: QuotaRecord, claimed: UInt64) {
        let used = UInt64(clamping: quota.bytes) + claimed
        if let limit = quota.limits.bytes, limit - min(limit, used) <= byteLimit - bytes {
            (byteLimit, bytes) = (max(limit, used), used)
        }
        let usedNodes = UInt64(clamping: quota.nodes)
        if let limit = quota.limits.nodes, limit - min(limit, usedNodes) <= nodeLimit - nodes {
            (nodeLimit, nodes) = (max(limit, usedNodes), usedNodes)
        }
    }

    /// What is told.
    var statistics: FileSystemStatistics {
        FileSystemStatistics(
            blockSize: UInt32(Self.block), blocks: byteLimit / Self.block, freeBlocks: (byteLimit - bytes) / Self.block,
            nodes: nodeLimit, freeNodes: nodeLimit - nodes)
    }
}
