import Foundation
import TLS

/// A private authority, the files it hands out, and the folder they live in.
final class Authority {
    let identity: Identity
    private let directory: URL

    init(_ name: String = "Test Authority", validTo: Int = 86400) throws {
        identity = try Identity(.init(commonName: name, names: nil, isAuthority: true, validTo: validTo))
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    func issue(_ names: String?, _ change: (inout Identity.Request) -> Void = { _ in }) throws -> Identity {
        var request = Identity.Request(commonName: "leaf", names: names)
        change(&request)
        return try Identity(request, issuer: identity)
    }

    /// Writes a file, private to its owner, and returns its path.
    func file(_ name: String, _ content: String) throws -> String {
        try file(name, Data(content.utf8))
    }

    func file(_ name: String, _ content: Data) throws -> String {
        let url = directory.appendingPathComponent(name)
        try content.write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
        return url.path
    }

    /// Trusts this authority and nothing else.
    func trust(_ change: (inout TLSConfiguration) -> Void = { _ in }) throws -> TLSConfiguration {
        var configuration = TLSConfiguration(caFile: try file("ca.pem", identity.certificatePEM))
        change(&configuration)
        return configuration
    }
}
