import ArgumentParser
import NetworkStore
import SystemPackage

/// What was fetched, in the directory of `--cache-directory`.
enum CacheDirectory {
    /// Opens it.
    ///
    /// - Parameters:
    ///   - name: of what it is for, as a name of a directory.
    ///   - subject: of what it is for, for people.
    /// - Throws: an error of one line.
    static func open(
        _ directory: FilePath,
        _ size: UInt64,
        for name: String,
        _ subject: String
    ) throws -> DiskCache {
        do throws(Errno) {
            return try DiskCache(in: directory, limit: size, volume: name)
        } catch .wouldBlock {
            throw ValidationError("--cache-directory \(directory): another mount of \(subject) has it")
        } catch {
            throw ValidationError("--cache-directory \(directory): \(error)")
        }
    }
}
