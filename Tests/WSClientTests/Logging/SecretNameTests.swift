import Testing

@testable import WSClient

struct SecretNameTests {
    @Test(
        "S7: names of headers, cookies, query values and variables that tell of a secret",
        arguments: [
            "Authorization", "X-Auth", "Cookie", "Set-Cookie2", "access_token", "X-Api-Key", "client_secret", "PASS",
            "MQTT_PASSWORD", "passphrase", "AWS_CREDENTIALS", "X-Session", "sessionid", "X-Hub-Signature",
        ]
    ) func tellsOfASecret(name: String) {
        for name in [name, name.lowercased(), name.uppercased()] { #expect(SecretName.matches(name)) }
    }

    @Test(arguments: ["", "Accept", "X-Site", "User-Agent", "channel", "HOME", "sig", "sess"])
    func tellsOfNone(name: String) {
        #expect(!SecretName.matches(name))
    }
}
