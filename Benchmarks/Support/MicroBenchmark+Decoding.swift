import FUSEProtocol

extension MicroBenchmark {
    /// Bytes of the kernel's into typed requests.
    static var decoding: [MicroBenchmark] {
        let (read, write) = (Message.read(of: 2), Message.write(of: 2))
        let (lookUp, create) = (Message.lookUp("name"), Message.create("name"))
        return [
            decode("request header") { (try? RequestHeader(read.header))?.unique },
            decode("READ") { (try? ReadRequest(argument: read.argument)).map { UInt64($0.size) } },
            decode("WRITE") {
                guard let request = try? WriteRequest(argument: write.argument, payload: write.payload) else {
                    return nil
                }
                return UInt64(request.data.byteCount)
            },
            decode("LOOKUP") {
                guard let request = try? LookUpRequest(payload: lookUp.payload) else { return nil }
                return UInt64(request.name.count)
            },
            decode("CREATE") {
                guard let request = try? CreateRequest(argument: create.argument, payload: create.payload) else {
                    return nil
                }
                return UInt64(request.name.count) &+ UInt64(request.mode)
            },
        ]
    }

    /// A benchmark of a decoder that gives something of what it has decoded.
    @inline(__always)
    private static func decode(_ what: String, _ body: @escaping () -> UInt64?) -> MicroBenchmark {
        MicroBenchmark(name: "decode: \(what)") { count in
            var sum: UInt64 = 0
            for _ in 0..<count {
                guard let value = body() else { preconditionFailure("\(what) is not decoded") }
                sum &+= value
            }
            keep(sum)
        }
    }
}
