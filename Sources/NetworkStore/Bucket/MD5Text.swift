internal import Crypto

/// What many servers call content that was stored with one request.
enum MD5Text {
    /// The MD5 of bytes, in hexadecimal digits.
    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = Insecure.MD5()
        unsafe hash.update(bufferPointer: bytes)
        return Hexadecimal.text(hash.finalize())
    }
}
