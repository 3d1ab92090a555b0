/// Says what to write instead of a key that isn't known in its place.
enum UnknownKey {
    static func message(for key: String, in place: Place, at path: String) -> String {
        let what = path.isEmpty ? "unknown key \(quoted(key))" : "unknown key \(quoted(key)) in \(path)"
        if let advice = advice(for: key, in: place) {
            return "\(what): \(advice)"
        }
        let named = place.holdsSecrets ? "unknown key" + (path.isEmpty ? "" : " in \(path)") : what
        let known = place.keys.map(\.name).joined(separator: ", ")
        return "\(named): the keys here are \(known)"
    }

    private static func advice(for key: String, in place: Place) -> String? {
        let own = place.keys.map(\.name)
        let plain = Suggestion.normalized(key)
        if let same = own.first(where: { Suggestion.normalized($0) == plain }) {
            return "did you mean '\(same)'?"
        }
        if let advice = ForeignKeys.advice(for: plain, in: place.id) {
            return advice
        }
        let others = ConfigurationKeys.places.filter { other in
            other.id != place.id && other.keys.contains { $0.name == key }
        }
        if let other = others.first {
            let paths = others.prefix(2).map(\.path).joined(separator: " or ")
            return other.path.isEmpty ? "it belongs at the top level" : "it belongs in \(paths)"
        }
        return Suggestion.closest(to: key, among: own).map { "did you mean '\($0)'?" }
    }
}
