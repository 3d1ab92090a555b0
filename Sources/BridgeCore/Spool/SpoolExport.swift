import TLS

/// One spooled message as a line of JSON, for `wsbridge spool export`.
package enum SpoolExport {
    /// The lines of a page: queue, number, kind, topic, what is known of the properties, age in seconds, and the payload as
    /// text or base64.
    package static func lines(of page: SpoolPage, queue key: String) -> [String] {
        var numbers = page.runs.lazy.flatMap { $0.first..<$0.first + Int64($0.count) }.makeIterator()
        return page.batch.withUnsafeBytes { all in
            page.batch.entries.indices.map { index in
                let entry = page.batch.entries[index]
                let payload = UnsafeRawBufferPointer(rebasing: all[entry.payload])
                let topic = String(decoding: all[entry.topic], as: UTF8.self)
                let age = Double(page.batch.priorAge - Int64(entry.delay)) / 1000
                var line = "{\"queue\":\(JSONText.quoted(key)),\"number\":\(numbers.next() ?? 0),"
                line += "\"kind\":\"\(entry.kind)\","
                if !topic.isEmpty { line += "\"topic\":\(JSONText.quoted(topic))," }
                line += properties(UnsafeRawBufferPointer(rebasing: all[entry.properties]))
                line += "\"age\":\(age),"
                if let text = String(validating: payload, as: UTF8.self) {
                    return line + "\"payload\":\(JSONText.quoted(text))}"
                }
                return line + "\"payload\":\"\(Base64.encode(Array(payload)))\",\"encoding\":\"base64\"}"
            }
        }
    }

    private static func properties(_ bytes: UnsafeRawBufferPointer) -> String {
        guard !bytes.isEmpty, let properties = CarriedProperties(bytes) else { return "" }
        var line = ""
        if let response = properties.response {
            line += "\"response_topic\":\(JSONText.quoted(response.topic)),"
            if let text = String(validating: response.correlation, as: UTF8.self) {
                if !text.isEmpty { line += "\"correlation\":\(JSONText.quoted(text))," }
            } else {
                line +=
                    "\"correlation\":\"\(Base64.encode(response.correlation))\",\"correlation_encoding\":\"base64\","
            }
        }
        let gateways = properties.gateways
        if !gateways.isEmpty { line += "\"via\":[\(gateways.map(JSONText.quoted).joined(separator: ","))]," }
        return line
    }
}
