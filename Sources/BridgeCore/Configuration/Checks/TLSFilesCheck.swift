internal import TLS

/// Whether the files of `tls:` blocks hold what TLS needs: asked of `TLS` itself, as at a connect.
enum TLSFilesCheck {
    static func diagnostics(for outcome: ConfigurationOutcome) -> [Diagnostic] {
        guard let configuration = outcome.configuration else { return [] }
        let blocks =
            configuration.connections.flatMap { [$0.tls] + ($0.oauth2.map { [$0.tls] } ?? []) }
            + configuration.brokers.map(\.tls)
        return Set(blocks.compactMap(failure)).flatMap { failure in
            outcome.paths.filter { $0.names(failure) }.map { use in
                Diagnostic(
                    severity: .error,
                    file: outcome.file,
                    position: use.position,
                    message: failure.description
                )
            }
        }
    }

    private static func failure(of tls: TLSConfiguration) -> TLSFileFailure? {
        guard tls.caFile != nil || tls.certificateFile != nil else { return nil }
        do throws(TLSError) {
            // The name doesn't matter: nobody is connected to.
            _ = try TLSContext(tls, host: "localhost")
        } catch .file(let failure) {
            return failure
        } catch {}
        return nil
    }
}

extension PathUse {
    fileprivate func names(_ failure: TLSFileFailure) -> Bool {
        path == failure.path && failure.role.rawValue == "tls.\(key)"
    }
}
