#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// `HOST:PORT`, an IPv6 address in brackets.
enum SocketAddressText {
    typealias Problem = EndpointURL.Problem

    /// Both host and port.
    static func parse(_ text: String) -> Result<UDPAddress, Problem> {
        let form = "write HOST:PORT, such as \"127.0.0.1:5005\""
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return .failure(Problem(message: "the host is missing: \(form)"))
        }
        switch split(Substring(text)) {
        case .failure(let problem): return .failure(problem)
        case .success((_, nil)): return .failure(Problem(message: "the port is missing: \(form)"))
        case .success((_, 0)): return .failure(Problem(message: "the port can't be 0: \(form)"))
        case .success((let host, let port?)): return .success(UDPAddress(host: host, port: port))
        }
    }

    /// A host, perhaps with a port.
    static func split(_ text: Substring) -> Result<(String, Int?), Problem> {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                return .failure(Problem(message: "the ']' behind the IPv6 address is missing"))
            }
            host = text[text.index(after: text.startIndex)..<end]
            let behind = text[text.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else {
                return .failure(Problem(message: "behind the ']' of an IPv6 address only ':PORT' can stand"))
            }
            port = behind.isEmpty ? nil : behind.dropFirst()
            guard IPAddress.bytes(of: String(host))?.count == 16 else {
                return .failure(Problem(message: "in the brackets is no IPv6 address"))
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            if port?.contains(":") ?? false {
                return .failure(Problem(message: "an IPv6 address stands in brackets, such as [::1]"))
            }
        }
        if let problem = HostName.problem(with: String(host)) {
            return .failure(Problem(message: problem))
        }
        guard let port else { return .success((String(host), nil)) }
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(port), (0...65535).contains(number)
        else {
            return .failure(Problem(message: "the port must be a number up to 65535"))
        }
        return .success((String(host), number))
    }
}

/// A host's name or address, without brackets.
enum HostName {
    static func problem(with host: String) -> String? {
        if host.isEmpty { return "the host is missing" }
        if host.contains(":") {
            return IPAddress.bytes(of: host) == nil ? "the host is no name and no IP address" : nil
        }
        if host.utf8.count > 253 { return "the host's name is longer than 253 characters" }
        let isName = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isName else {
            return "a host's name holds letters, digits, '.' and '-' only (beyond ASCII: its xn-- form)"
        }
        let looksNumeric = host.split(separator: ".").last?.allSatisfy { $0.isNumber } ?? true
        if looksNumeric, IPAddress.bytes(of: host) == nil { return "the host is no IPv4 address" }
        return nil
    }
}

enum IPAddress {
    /// 4 or 16 bytes in network order.
    static func bytes(of text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
    }

    static func isMulticast(_ bytes: [UInt8]) -> Bool {
        bytes.count == 4 ? (224...239).contains(bytes[0]) : bytes.first == 0xFF
    }

    static func isUnspecified(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 == 0 }
    }
}

/// Hosts that are this machine itself: what is said to them stays on it.
package enum Loopback {
    package static func isLoopback(_ host: String) -> Bool {
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        guard let bytes = IPAddress.bytes(of: host) else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
