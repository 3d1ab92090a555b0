#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What came of loading a configuration: it, or at least one error.
package struct ConfigurationOutcome: Sendable {
    package var file: String
    /// `nil` if there are errors.
    package var configuration: GatewayConfiguration?
    /// By position.
    package var diagnostics: [Diagnostic]
    /// The paths it names, for `MachineChecks`.
    package var paths: [PathUse] = []
    /// Where commands find the gateway; known also where other keys are wrong, such as a variable that isn't set in the
    /// shell of who asks.
    package var controlSocket: String?
}

/// Loads a configuration file strictly: whatever is wrong with it is reported, all at once, each at its place.
package struct ConfigurationLoader: Sendable {
    private let environment: [String: String]
    private let defaults: ConfigurationDefaults

    package init(environment: [String: String], hostName: String, userID: UInt32) {
        self.environment = environment
        defaults = ConfigurationDefaults(environment: environment, hostName: hostName, userID: userID)
    }

    /// With this machine's host name and this process's user.
    package init(environment: [String: String]) {
        var name = [CChar](repeating: 0, count: 256)
        let hostName = gethostname(&name, name.count - 1) == 0 ? String(bytes: name) : ""
        self.init(environment: environment, hostName: hostName, userID: getuid())
    }

    package func load(path: String) -> ConfigurationOutcome {
        switch LocalFile.read(path, limit: YAMLText.maximumSize + 1) {
        case .failure(let problem):
            let diagnostic = Diagnostic(severity: .error, file: path, position: nil, message: problem.message)
            return ConfigurationOutcome(file: path, diagnostics: [diagnostic])
        case .success(let content):
            return load(content.bytes, file: path, isWorldReadable: content.isWorldReadable)
        }
    }

    /// Loads a file that was read already; `file` is what diagnostics call it.
    package func load(_ bytes: [UInt8], file: String, isWorldReadable: Bool = false) -> ConfigurationOutcome {
        let context = LoadingContext(file: file, defaults: defaults)
        var configuration: GatewayConfiguration?
        do throws(YAMLProblem) {
            if let root = try parse(bytes, context) {
                configuration = GatewaySection.read(root, context)
                configuration?.hiddenValues = context.hiddenValues.map { .literal($0) }
            }
        } catch {
            context.error(error.message, at: error.position)
        }
        if isWorldReadable {
            warnOfLiteralSecrets(file, context)
        }
        return ConfigurationOutcome(
            file: file,
            configuration: context.hasErrors ? nil : configuration,
            diagnostics: context.diagnostics.sortedByPosition(),
            paths: context.paths,
            controlSocket: configuration?.controlSocket
        )
    }

    private func parse(_ bytes: [UInt8], _ context: LoadingContext) throws(YAMLProblem) -> YAMLNode? {
        let text = try YAMLText(bytes: bytes).text
        let composition = try YAMLComposer.compose(text)
        let start = Position(line: 1, column: 1)
        guard let composed = composition.root else {
            throw YAMLProblem(
                position: start,
                message: "the file is empty: it needs keys such as connections: and routes:"
            )
        }
        var builder = YAMLTreeBuilder(
            text: text,
            substitution: EnvironmentSubstitution(environment: environment),
            standIns: composition.standIns
        )
        let root = try builder.build(composed)
        context.hiddenValues = builder.hiddenValues
        for (variable, position) in builder.quotedVariables {
            context.warnOfQuotes("the value of ${\(variable)}", at: position)
        }
        for problem in builder.problems {
            context.error(problem.message, at: problem.position)
        }
        switch root.content {
        case .mapping: return root
        case .unusable: return nil
        case .scalar where root.isNull:
            throw YAMLProblem(
                position: start,
                message: "the file is empty: it needs keys such as connections: and routes:"
            )
        case .scalar, .sequence:
            // A text isn't shown: it may be anything.
            let found = if case .sequence = root.content { "a list" } else { "a text" }
            throw YAMLProblem(
                position: root.position,
                message: "the file must hold keys such as connections: and routes:, found \(found)"
            )
        }
    }

    private func warnOfLiteralSecrets(_ file: String, _ context: LoadingContext) {
        for secret in context.literalSecrets {
            context.warning(
                "\(secret.key) stands in a file that everyone on this machine can read: chmod 640 the file, or write "
                    + "${NAME} or { file: PATH }",
                at: secret.position
            )
        }
    }
}

extension String {
    /// A C string's characters up to its NUL.
    fileprivate init(bytes: [CChar]) {
        self.init(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
