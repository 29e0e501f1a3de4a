/// What is to be done with a resource.
enum HTTPMethod: Sendable {
    case get
    case head
    case put
    case post
    case delete

    /// Its name on the wire.
    var bytes: String.UTF8View {
        switch self {
        case .get: "GET".utf8
        case .head: "HEAD".utf8
        case .put: "PUT".utf8
        case .post: "POST".utf8
        case .delete: "DELETE".utf8
        }
    }
}
