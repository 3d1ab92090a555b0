extension CloseCode {
    /// What a server that closes with this code usually wants, for its reader; `nil` where the code says it all.
    var advice: String? {
        switch rawValue {
        case 1008: "it doesn't allow what we did: look at the token and at what is sent or subscribed to"
        case 1012, 1013: "it asks to come back later"
        case 3000...3999: "a code that a library registered"
        case 4000...4999: "a code of this service: its documentation says what it means"
        default: nil
        }
    }
}
