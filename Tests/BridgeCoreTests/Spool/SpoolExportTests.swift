import BridgeTestSupport
import Foundation
import Testing

@testable import BridgeCore

/// What `wsbridge spool export` shows of a message.
struct SpoolExportTests {
    private struct Line: Decodable, Equatable {
        var topic, payload, response_topic, correlation, correlation_encoding: String?
        var via: [String]?
    }

    @Test func propertiesAreShownWhereTheyAreKnown() throws {
        let properties: [[UInt8]] = [
            [],
            CarriedProperties.encode(response: ResponseAddress(topic: "replies/\"me\"", correlation: [0x41], qos: 1)),
            CarriedProperties.encode(
                gateways: ["one", "two"],
                response: ResponseAddress(topic: "r", correlation: [0, 255], qos: 0)
            ),
            [200, 1, 0, 7],
            [1, 1],
        ]
        let batch = MessageBatch.of(["a", "b", "c", "d", "e"], topic: "t", properties: properties)
        let page = SpoolPage(queue: 1, batch: batch, runs: [SpoolPage.Run(first: 1, count: 5)], last: 5)
        let lines = try SpoolExport.lines(of: page, queue: "q").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(
            lines == [
                Line(topic: "t", payload: "a"),
                Line(topic: "t", payload: "b", response_topic: "replies/\"me\"", correlation: "A"),
                Line(
                    topic: "t",
                    payload: "c",
                    response_topic: "r",
                    correlation: "AP8=",
                    correlation_encoding: "base64",
                    via: ["one", "two"]
                ),
                Line(topic: "t", payload: "d"),
                Line(topic: "t", payload: "e"),
            ]
        )
    }
}
