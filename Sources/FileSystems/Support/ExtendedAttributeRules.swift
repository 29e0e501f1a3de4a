package import RingFUSE
package import SystemPackage

/// What extended attributes may be called, and how large they may be.
package enum ExtendedAttributeRules {
    /// Bytes of a value at the most (`XATTR_SIZE_MAX`).
    package static let largestValue = 65_536
    /// Bytes of a name at the most (`XATTR_NAME_MAX`).
    package static let longestName = 255
    /// Bytes of all names with their NULs at the most (`XATTR_LIST_MAX`).
    package static let largestList = 65_536
    /// What lets a program have privileges that its caller has not.
    package static let capability: StoredName = "security.capability"
    /// Who may do what with a node.
    package static let accessList = StoredName(AccessControlList.accessAttribute)
    /// What new nodes in a directory get.
    package static let defaultList = StoredName(AccessControlList.defaultAttribute)

    /// What the first part of a name says.
    package enum Space: Sendable {
        /// For programs, on files, directories and sockets.
        case user
        /// For privileged programs.
        case trusted
        /// For security modules and capabilities.
        case security

        /// The name space of a name; `nil` where it is none that is kept (`system.`, whose ACLs have rules of their
        /// own).
        package init?(of name: StoredName) {
            if name.bytes.starts(with: "user.".utf8) {
                self = .user
            } else if name.bytes.starts(with: "trusted.".utf8) {
                self = .trusted
            } else if name.bytes.starts(with: "security.".utf8) {
                self = .security
            } else {
                return nil
            }
        }

        /// The number of bytes before the name proper.
        fileprivate var prefixCount: Int {
            switch self {
            case .user: 5
            case .trusted: 8
            case .security: 9
            }
        }
    }

    /// Checks a name.
    ///
    /// Kernels before 7.2 do not ask for `user.` on sockets: they refuse it themselves (`xattr_permission`).
    ///
    /// - Throws: `EOPNOTSUPP` for other name spaces; `EINVAL`, `ERANGE` for empty and long names; `EPERM` for `user.` on
    ///   what is no file, directory or socket.
    package static func check(_ name: StoredName, on type: NodeType?) throws(Errno) {
        guard name.bytes.count <= longestName else { throw .outOfRange }
        guard !name.isAccessControl else { return }
        guard let space = Space(of: name) else { throw .notSupported }
        guard name.bytes.count > space.prefixCount else { throw .invalidArgument }
        guard space == .user else { return }
        guard type == .regular || type == .directory || type == .socket else { throw .notPermitted }
    }

    /// Checks whether an attribute may be set.
    ///
    /// - Throws: `EEXIST`, `ENODATA`.
    package static func check(_ condition: ExtendedAttributeCondition, exists: Bool) throws(Errno) {
        guard !exists || condition == .any || condition == .mustExist else { throw .fileExists }
        guard exists || condition == .any || condition == .mustNotExist else { throw .noData }
    }
}

extension StoredName {
    /// Whether it is the name of an access control list.
    package var isAccessControl: Bool {
        self == ExtendedAttributeRules.accessList || self == ExtendedAttributeRules.defaultList
    }
}
