import BridgeCore
import NIOCore
import Testing

@testable import MQTTAdapter

@Suite struct WordsTests {
    @Test func everyFailureCodeHasAWord() {
        for code in UInt8(0x80)...0xA2 {
            #expect(!ReasonCode(code).description.contains("unknown"), "\(code)")
        }
        #expect(ReasonCode(0xFE).description == "unknown reason code 254")
        #expect(ReasonCode(0x10).isFailure == false)
    }

    @Test(arguments: [(1, 0x84), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87), (6, 0x80)])
    func codesOf311AreThoseOf5(_ old: Int, _ new: Int) {
        #expect(ReasonCode(connackOf311: UInt8(old)) == ReasonCode(UInt8(new)))
    }

    @Test func onlyWhatAPersonMustPutRightIsSlow() {
        for code in [0x86, 0x87, 0x84, 0x85, 0x8A] {
            #expect(ConnectionFailure(refusal: ReasonCode(UInt8(code))).lane == .slow)
        }
        for code in [0x88, 0x89, 0x8B, 0x97, 0x9F] {
            #expect(ConnectionFailure(refusal: ReasonCode(UInt8(code))).lane == .soon)
        }
    }

    @Test(
        "a DISCONNECT that is about a message keeps the others waiting no longer than any end",
        arguments: 0x80...0xA2
    )
    func aGoodbyeOverAMessageIsNotSlow(code: Int) {
        let failure = ConnectionFailure(goodbye: ReasonCode(UInt8(code)))
        let isAboutAMessage = [0x87, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B].contains(code)
        #expect(failure.code?.isAboutAMessage == isAboutAMessage)
        #expect(failure.lane == (failure.code?.needsAPerson == true && !isAboutAMessage ? .slow : .soon))
        // Who shuts down, is busy or was taken over says nothing against a message.
        let isAboutTheServer = [0x88, 0x89, 0x8B, 0x8D, 0x8E, 0x98, 0x9C, 0x9D, 0x9F, 0xA0].contains(code)
        #expect(failure.evidence == (isAboutTheServer ? .none : .server))
    }

    @Test func everyErrorOfTheLibraryIsSaid() {
        for code in Int32(1)...31 { #expect(MosquittoError(code: code)?.description.isEmpty == false) }
        #expect(MosquittoError(code: 0) == nil)
    }

    @Test("S8: what would be cut at NUL or refused never reaches the library")
    func whatIsNoMQTTTextIsRefused() {
        #expect(MQTTText.problem(with: "fine/ä") == nil)
        #expect(MQTTText.problem(with: "a\0b") == "holds a NUL")
        #expect(MQTTText.problem(with: "a\u{1B}b") == "holds a control character")
        #expect(MQTTText.problem(with: "a\u{FFFE}b") != nil)
        #expect(MQTTText.problem(with: String(repeating: "a", count: 65_536)) != nil)
    }

    @Test("S8: settings that can't be sent are said, not cut") func settingsThatCannotBeSentAreSaid() {
        var configuration = BrokerConfiguration(name: "b", isSecure: false, host: "h", port: 1, clientID: "a\0b")
        #expect(BrokerSettings(configuration: configuration).complaint == "client_id holds a NUL")
        configuration.clientID = ""
        #expect(BrokerSettings(configuration: configuration).complaint?.contains("clean_session") == true)
        configuration.cleanSession = true
        #expect(BrokerSettings(configuration: configuration).complaint == nil)
        configuration.username = "u\0"
        #expect(BrokerSettings(configuration: configuration).complaint == "username holds a NUL")
        configuration.username = nil
        var settings = BrokerSettings(configuration: configuration)
        let payload = ByteBuffer(repeating: 1, count: 65_536)
        settings.will = StatusMessage(topic: "t", payload: payload, qos: 1, retain: true)
        #expect(settings.complaint == "the last will is larger than 65,535 bytes")
    }

    @Test func keepAliveIsOffOrAtLeastFiveSeconds() {
        var configuration = BrokerConfiguration(name: "b", isSecure: false, host: "::1", port: 1, clientID: "c")
        #expect(BrokerSettings(configuration: configuration).keepAliveSeconds == 30)
        configuration.keepAlive = .seconds(1)
        #expect(BrokerSettings(configuration: configuration).keepAliveSeconds == 5)
        configuration.keepAlive = .zero
        #expect(BrokerSettings(configuration: configuration).keepAliveSeconds == 0)
        #expect(BrokerSettings(configuration: configuration).endpoint == "mqtt://[::1]:1")
    }
}
