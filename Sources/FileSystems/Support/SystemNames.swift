internal import RingFUSE

// SystemPackage has types of these names, too; in this module the names mean RingFUSE's.

/// The type of a file.
typealias FileType = RingFUSE.FileType
/// Type and permissions of a file.
typealias FileMode = RingFUSE.FileMode
