import Foundation
import Testing

@testable import TLS

@Suite("docs/tls.md")
struct DocumentationTests {
    /// One of each kind of error.
    private let errors: [TLSError] = {
        let summary = CertificateSummary(
            subject: "CN=a",
            issuer: "CN=b",
            notBefore: "2026-01-01T00:00:00Z",
            notAfter: "2026-01-02T00:00:00Z",
            names: ["DNS:a"],
            pin: []
        )
        let checks: [CertificateFailure.Check] = [
            .expired, .notYetValid, .wrongName, .selfSigned, .unknownAuthority, .pin, .purpose, .weak("w"), .revoked,
            .other("o"),
        ]
        var errors = checks.map { TLSError.certificate(CertificateFailure(check: $0, name: "n", certificate: summary)) }
        errors.append(.certificate(CertificateFailure(check: .wrongName, name: "n", certificate: nil)))
        for role in [TLSFileFailure.Role.authorities, .certificate, .key] {
            errors.append(.file(TLSFileFailure(role: role, path: "p", problem: .empty)))
        }
        errors += [40, 42, 45, 48].map { .alert(TLSAlert(code: $0), name: "n") }
        return errors + [
            .invalidName("x y"), .protocolVersion(minimum: .tls12, name: "n"),
            .protocolVersion(minimum: .tls13, name: "n"),
            .notTLS(name: "n"), .clientCertificateRequired(name: "n"), .closedInHandshake(name: "n"),
            .truncated(name: "n"), .brokenProtocol(reason: "r", name: "n"),
        ]
    }()

    @Test("each error is in the table with its kind, and each row is an error")
    func errorTable() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/tls.md")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { Row($0) }
        #expect(rows.count > 15)
        for error in errors {
            let matching = rows.filter { $0.matches(error) }
            #expect(!matching.isEmpty, "no row for: \(error)")
            #expect(matching.contains { $0.isFault == error.needsPerson }, "wrong kind: \(error)")
        }
        for row in rows {
            #expect(errors.contains { row.matches($0) }, "no error for the row \(row.messages)")
        }
    }

    private struct Row {
        let messages: [String]
        let isFault: Bool

        init?(_ line: Substring) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, cells[1] == "fault" || cells[1] == "backoff" else { return nil }
            isFault = cells[1] == "fault"
            messages = cells[0].split(separator: "`").map(String.init).filter { $0.contains { $0.isLetter } }
        }

        /// Capitals and what follows an ellipsis stand for anything.
        func matches(_ error: TLSError) -> Bool {
            messages.contains { message in
                let parts = message.components(separatedBy: "…").flatMap {
                    $0.components(separatedBy: ["DATE", "NAME", "PATH", "[DNS:a, DNS:b]"])
                }
                return parts.allSatisfy { $0.isEmpty || error.description.contains($0) }
            }
        }
    }
}

extension String {
    fileprivate func components(separatedBy separators: [String]) -> [String] {
        separators.reduce([self]) { parts, separator in parts.flatMap { $0.components(separatedBy: separator) } }
    }
}
