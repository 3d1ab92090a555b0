import Logging
import TLS

/// `SSLKEYLOGFILE`, which counts only together with `--insecure-keylog`.
enum KeyLog {
    static let variable = "SSLKEYLOGFILE"

    /// Opens the file, or says that it is left alone.
    ///
    /// - Throws: `ExitStatus.usage` for the flag without the variable, `ExitStatus.configuration` for a file that can't
    ///   be written; standard error has the reason then.
    static func set(isWanted: Bool, environment: [String: String], log: Logger) throws {
        let path = environment[variable] ?? ""
        switch (isWanted, path.isEmpty) {
        case (false, true):
            break
        case (false, false):
            log.warning("\(variable) is set and ignored: TLS keys are only written with wsbridge run --insecure-keylog")
        case (true, true):
            StandardStreams.error("--insecure-keylog needs the environment variable \(variable), which names the file")
            throw ExitStatus.usage
        case (true, false):
            do throws(TLSKeyLog.Failure) {
                try TLSKeyLog.begin(path: path)
            } catch {
                StandardStreams.error(error.description)
                throw ExitStatus.configuration
            }
            log.warning(
                """
                INSECURE: the keys of every TLS connection are written to \(readable(path)): who has that file can read \
                what was sent, tokens and passwords included; delete it after use
                """
            )
        }
    }
}
