/// Reads bytes as a run of requests and serves them to a fresh file system in memory.
///
/// libFuzzer brings the `main` that calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func serveRequests(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var script = RequestScript(unsafe [UInt8](UnsafeBufferPointer(start: data, count: count)))
    let server = FuzzedServer()
    while let request = script.next() { server.serve(request) }
    return 0
}
