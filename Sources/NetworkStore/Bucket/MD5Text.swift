internal import Crypto

/// What many servers call content that was stored with one request.
enum MD5Text {
    /// The MD5 of bytes, in hexadecimal digits.
    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = Insecure.MD5()
        unsafe hash.update(bufferPointer: bytes)
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
