import NIOCore
import TLS
import WSClient

/// What a token endpoint answered, as it came.
struct TokenEndpointAnswer: Sendable, Equatable {
    var status: Int
    var retryAfter: String?
    var body: [UInt8]
    /// Ways to log in that it asks for (`WWW-Authenticate`).
    var challenges: [String] = []
}

extension TokenEndpointAnswer {
    init(_ answer: HTTPAnswer) {
        self.init(
            status: answer.status,
            retryAfter: answer.headers("Retry-After").first,
            body: answer.body,
            challenges: answer.headers("WWW-Authenticate")
        )
    }
}

/// A token, made of what the token endpoint answered (RFC 6749, sections 5.1 and 5.2).
struct OAuthAnswer: Sendable, Equatable {
    var token: String
    /// `nil` = not said.
    var lifetime: TimeAmount?

    /// - Throws: `WebSocketCredentialError` that says what the endpoint doesn't like, or what is wrong with its answer.
    init(
        _ answer: TokenEndpointAnswer,
        from endpoint: TokenEndpointAddress,
        hiding secrets: [String]
    ) throws(WebSocketCredentialError) {
        guard answer.status == 200 else { throw Self.refusal(answer, endpoint, secrets) }
        guard answer.body.withUnsafeBytes({ JSONScanner.isValid($0) }) else {
            throw WebSocketCredentialError(
                "\(Self.name(endpoint)) answered 200 with what is not JSON",
                needsPerson: false
            )
        }
        guard let token = Self.text("access_token", in: answer.body), !token.isEmpty,
            SecretUse.bearerToken.problem(with: token) == nil
        else {
            throw WebSocketCredentialError("\(Self.name(endpoint)) gave no access_token", needsPerson: true)
        }
        guard let type = Self.text("token_type", in: answer.body), type.lowercased() == "bearer" else {
            throw WebSocketCredentialError(
                "\(Self.name(endpoint)) gave a token whose token_type isn't Bearer",
                needsPerson: true
            )
        }
        self.token = token
        lifetime = Self.seconds("expires_in", in: answer.body)
    }

    private static func name(_ endpoint: TokenEndpointAddress) -> String { "the token endpoint \(endpoint)" }

    private static func refusal(
        _ answer: TokenEndpointAnswer,
        _ endpoint: TokenEndpointAddress,
        _ secrets: [String]
    ) -> WebSocketCredentialError {
        var reason = "\(name(endpoint)) answered \(answer.status)"
        let code = text("error", in: answer.body)
        if let code {
            reason += ": " + (explanations[code] ?? readable(code, limit: 80))
            if let more = text("error_description", in: answer.body), !more.isEmpty {
                reason += " (\(readable(Redactor(secrets).redact(more), limit: 200)))"
            }
        } else if (300..<400).contains(answer.status) {
            reason += ": it redirects, which isn't followed; write the final address in token_url"
        } else if let words = ServerWords.shown(answer.body, hiding: Redactor(secrets)) {
            reason += "; it says \"\(words)\""
        }
        if answer.status == 401,
            let complaint = AuthenticationChallenge.complaint(answer.challenges, spoken: ["Basic"])
        {
            reason += "; \(complaint)"
        }
        let mayPass =
            answer.status >= 500 || [408, 425, 429].contains(answer.status)
            || code == "temporarily_unavailable" || code == "server_error"
        return WebSocketCredentialError(
            reason,
            needsPerson: !mayPass,
            retryAfter: answer.retryAfter.flatMap { WebSocketCredentialError.wait(retryAfter: $0) }
        )
    }

    private static let explanations = [
        "invalid_request": "invalid_request, it misses something or doesn't understand it",
        "invalid_client": "invalid_client, client_id or client_secret is wrong, or auth_style",
        "invalid_grant": "invalid_grant, it doesn't accept these credentials",
        "unauthorized_client": "unauthorized_client, this client may not use client credentials",
        "unsupported_grant_type": "unsupported_grant_type, it has no client credentials grant",
        "invalid_scope": "invalid_scope, the scope is unknown or not allowed",
    ]

    // MARK: JSON

    private static func text(_ name: String, in body: [UInt8]) -> String? {
        body.withUnsafeBytes { document in
            guard let path = try? JSONPath("$.\(name)"), case .found(let value) = JSONScanner.find(path, in: document)
            else { return nil }
            switch value.kind {
            case .string:
                return String(validating: value.text(in: document), as: UTF8.self)
            case .escapedString:
                let decoded = JSONStringDecoder.decode(ContiguousArray(value.text(in: document)))
                return decoded.flatMap { String(validating: $0, as: UTF8.self) }
            case .number, .true, .false, .null, .object, .array:
                return nil
            }
        }
    }

    /// A number, or its digits in quotes, as some servers write it; at most ten years.
    private static func seconds(_ name: String, in body: [UInt8]) -> TimeAmount? {
        let number: String? = body.withUnsafeBytes { document in
            guard let path = try? JSONPath("$.\(name)"), case .found(let value) = JSONScanner.find(path, in: document),
                [.number, .string].contains(value.kind)
            else { return nil }
            return String(decoding: value.text(in: document), as: UTF8.self)
        }
        guard let seconds = number.flatMap(Double.init), seconds.isFinite, seconds >= 0 else { return nil }
        return .milliseconds(Int64(min(seconds, 315_360_000) * 1000))
    }
}
