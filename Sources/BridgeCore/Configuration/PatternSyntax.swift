/// Whether the patterns of a configuration can be compiled; `nil` = yes, else what is wrong.
enum PatternSyntax {
    static func problem(withTopicTemplate text: String) -> String? {
        do throws(TopicTemplateError) {
            _ = try TopicTemplate(text)
            return nil
        } catch {
            return error.description
        }
    }

    static func problem(withTopicFilter text: String) -> String? {
        do throws(TopicFilterError) {
            _ = try TopicFilter(text)
            return nil
        } catch {
            return error.description
        }
    }

    static func problem(withJSONPath text: String) -> String? {
        do throws(JSONPathError) {
            _ = try JSONPath(text)
            return nil
        } catch {
            return error.description
        }
    }

    static func problem(withRegex text: String) -> String? {
        do throws(MatchError) {
            _ = try Matcher(.regex(text, caseSensitive: true))
            return nil
        } catch {
            if case .regex(let offset, let reason) = error { return "\(reason) (at character \(offset + 1))" }
            return error.description
        }
    }
}
