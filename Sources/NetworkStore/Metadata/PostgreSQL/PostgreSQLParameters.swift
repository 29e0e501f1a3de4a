internal import RingFUSE

/// The parameters of a statement, in PostgreSQL's binary format: numbers with the highest byte first.
struct PostgreSQLParameters {
    /// Numbers of types (`pg_type.oid`), which never change.
    private enum ObjectID {
        static let bytes: UInt32 = 17
        static let number: UInt32 = 20
    }

    /// The bytes of all, in a row.
    private(set) var bytes = ContiguousArray<UInt8>()
    /// How many each has; -1 for nothing.
    private(set) var lengths = ContiguousArray<Int32>()

    /// None yet.
    init() {}

    /// Numbers.
    init(_ numbers: Int64...) {
        for number in numbers { add(number) }
    }

    /// Adds a number.
    mutating func add(_ value: Int64) {
        append(value)
        lengths.append(8)
    }

    /// Adds a number by its bits.
    mutating func add(_ value: UInt64) { add(Int64(bitPattern: value)) }

    /// Adds a number.
    mutating func add(_ value: UInt32) { add(Int64(value)) }

    /// Adds a node's number.
    mutating func add(_ node: NodeID) { add(node.rawValue) }

    /// Adds a time: seconds and nanoseconds.
    mutating func add(_ time: Timestamp) {
        add(time.seconds)
        add(time.nanoseconds)
    }

    /// Adds bytes.
    mutating func add(_ value: ContiguousArray<UInt8>) {
        bytes.append(contentsOf: value)
        lengths.append(Int32(value.count))
    }

    /// Adds text.
    mutating func add(_ text: String) { add(ContiguousArray(text.utf8)) }

    /// Adds nothing (`NULL`).
    mutating func addNothing() { lengths.append(-1) }

    /// Adds an array of numbers.
    mutating func add(_ values: [UInt64]) {
        let start = bytes.count
        appendArrayHead(ObjectID.number, values.count)
        for value in values {
            append(Int32(8))
            append(value)
        }
        lengths.append(Int32(bytes.count - start))
    }

    /// Adds an array of bytes.
    mutating func add(_ values: [ContiguousArray<UInt8>]) {
        let start = bytes.count
        appendArrayHead(ObjectID.bytes, values.count)
        for value in values {
            append(Int32(value.count))
            bytes.append(contentsOf: value)
        }
        lengths.append(Int32(bytes.count - start))
    }

    /// Dimensions, whether there is `NULL` in it, the type, and for the dimension its size and where it begins.
    private mutating func appendArrayHead(_ type: UInt32, _ count: Int) {
        append(Int32(count == 0 ? 0 : 1))
        append(Int32(0))
        append(type)
        guard count > 0 else { return }
        append(Int32(count))
        append(Int32(1))
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
