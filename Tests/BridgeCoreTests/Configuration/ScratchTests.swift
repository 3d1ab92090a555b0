import BridgeCore
import Testing
#if canImport(Glibc)
import Glibc
#endif
struct ScratchTests {
    @Test func tables() { for t in ConfigurationReference.tables { print("@@@\(t.path)\n\(t.markdown)") }; print("@@@END"); print("%%%\n\(ConfigurationSchema.json)%%%") }
    @Test func show() throws {
        let all = String(decoding: try #require(read("/tmp/scratch.txt")), as: UTF8.self)
        for part in all.split(separator: "=====\n") {
            print("-----\n\(part)>>>")
            for line in Transcript(environment: ["SET": "x", "TOKEN": "canary", "INJ": "a\nroutes: {}", "N": "12", "CLOUD_TOKEN": "x"]).lines(String(part)) { print(line) }
        }
    }
    func read(_ path: String) -> [UInt8]? {
        guard let f = fopen(path, "r") else { return nil }
        defer { fclose(f) }
        var b = [UInt8](repeating: 0, count: 1 << 20)
        let n = fread(&b, 1, b.count, f)
        return Array(b[..<n])
    }
}
