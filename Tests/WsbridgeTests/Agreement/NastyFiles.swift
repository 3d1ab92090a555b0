import Foundation
import TestSupport

/// Files that `tls:` blocks and secrets may name, good ones and all kinds of bad ones.
struct NastyFiles {
    /// For `ca_file`, `cert_file` with `key_file`, and secrets: the first is good.
    let authorities: [String]
    let identities: [(certificate: String, key: String)]
    let secrets: [String]

    init(in directory: URL) async throws {
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let url = directory.appendingPathComponent(name)
            try Data(bytes).write(to: url)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
            return url.path
        }
        let authority = try await TestAuthority(in: directory)
        let good = try await authority.issue("good")
        let other = try await authority.issue("other")
        let weak = try await authority.issueWrong("weak", key: ["-newkey", "rsa:1024"])
        let empty = try file("empty", [])
        let noPEM = try file("no-pem", Array("no certificate\n".utf8))
        let binary = try file("binary", [0x30, 0x82, 0x01, 0x00])
        let broken = try file(
            "broken",
            Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        )
        let absent = directory.appendingPathComponent("absent").path
        let bad = [empty, noPEM, binary, broken, absent, directory.path]
        authorities = [authority.certificate.certificateFile, good.keyFile] + bad
        identities =
            [
                (good.certificateFile, good.keyFile), (good.certificateFile, other.keyFile),
                (weak.certificateFile, weak.keyFile),
            ]
            + bad.map { ($0, good.keyFile) } + bad.map { (good.certificateFile, $0) }
        let texts: [[UInt8]] = NastyText.all.map { Array($0.utf8) }
        let long = [255, 256, 65_535, 65_536, 65_537].map { [UInt8](repeating: UInt8(ascii: "x"), count: $0) }
        let contents =
            [Array("good\n".utf8)] + texts + texts.map { $0 + [0x0A] } + long + [[0xFF, 0xFE], [0x0D, 0x0A]]
        secrets =
            try contents.enumerated().map { try file("secret-\($0.offset)", $0.element) } + [absent, directory.path]
    }
}

/// Texts that some place or other can't carry.
enum NastyText {
    static let all =
        [
            "", " ", "a", "a b", "a;b", "a,b", "a:b", "a\u{0}b", "a\r\nb", "a\nb", "a\tb", "a\u{7F}", "a\u{85}b", "é",
            "a\u{FFFF}", "\u{1F6A6}", "\"quoted\"", "a\"b", "a\\b", "%zz", "%41", "%", "a/b", "/", "a//b",
            "+",
            "#", "a/#", "$SYS/a", "{", "{$.a}", "{nowhere}", "{{a}}", "[", "(", "*", "a=b", "Bearer a b", "~", ".",
            "..",
        ] + [63, 64, 255, 256, 65_535, 65_536].map { String(repeating: "x", count: $0) } + deepTopics

    /// Topics of about as many levels as there may be.
    static let deepTopics = [196, 197, 198, 200, 201].map { Array(repeating: "a", count: $0).joined(separator: "/") }

    static let hosts =
        [
            "feed.example", "feed.example.", "localhost", "a..b", ".a", "a..", "-a", "a_b", "127.0.0.1", "127.1",
            "300.1.1.1", "1.2.3", "0x7f.1", "a.0x1", "[::1]", "::1", "[::g]", "[::1", "[::1]x", "[fe80::1%25eth0]",
            "[fe80::1]", "fe80::1",
            "xn--mnchen-3ya.example", "exämple", "a b", "a%41", "%zz", "*.a", "a\u{0}b", "", "@", "a@b", "a:b@c",
        ]
        + [
            String(repeating: "a", count: 63) + ".example", String(repeating: "a", count: 64) + ".example",
            Array(repeating: "a", count: 127).joined(separator: "."),
            Array(repeating: "a", count: 128).joined(separator: "."),
        ]

    static let paths = [
        "", "/", "/a?b=c", "?a", "/%zz", "/%41", "/?q=100%", "/a b", "/a#b", "/é", "/a\r\nb", "//", "/a?b?c", "/%00",
        "/%ff",
    ]
    static let ports = ["", "", ":", ":0", ":1", ":65535", ":65536", ":x", ":+1", ":-1"]
    static let userInfos = [
        "", "", "", "u:p@", "u@", "%zz@", "%00@", "%ff@", "u:%0a@", ":@", "@", "u:p:q@", "é@", "a%40b:c@",
    ]

    static let headerNames = [
        "X-Site", "TE", "te", "Trailer", "Upgrade", "Connection", "Host", "Content-Length", "Transfer-Encoding",
        "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Anything", "Authorization", "Cookie",
        "User-Agent",
        "Keep-Alive", "Origin", "X Y", "X:Y", "", "é", "X-Session", "x\r\ny",
    ]
}
