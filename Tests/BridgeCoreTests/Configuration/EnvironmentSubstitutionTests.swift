import BridgeCore
import Testing
import WSClient

/// `${NAME}` in values.
struct EnvironmentSubstitutionTests {
    private func instance(_ value: String, _ environment: [String: String]) -> String? {
        Transcript(environment: environment).load("instance: \(value)\nroutes: {}\n").configuration?.instance
    }

    @Test func variablesAreReplacedInsideValues() {
        #expect(instance("${SITE}", ["SITE": "a"]) == "a")
        #expect(instance("x-${SITE}-${ROOM}", ["SITE": "a", "ROOM": "b"]) == "x-a-b")
        #expect(instance("'${SITE}'", ["SITE": "a"]) == "a")
        #expect(instance("\"${SITE}\"", ["SITE": "a"]) == "a")
    }

    @Test func aDefaultStandsInForWhatIsUnsetOrEmpty() {
        #expect(instance("${SITE:-none}", [:]) == "none")
        #expect(instance("${SITE:-none}", ["SITE": ""]) == "none")
        #expect(instance("${SITE:-none}", ["SITE": "a"]) == "a")
        #expect(instance("a${SITE:-}", [:]) == "a")
    }

    @Test func aDoubledDollarIsLiteral() {
        #expect(instance("x$${SITE}", ["SITE": "a"]) == "x${SITE}")
        #expect(instance("a$SITE", ["SITE": "a"]) == "a$SITE")
        #expect(instance("5$", [:]) == "5$")
    }

    @Test func aValueIsNotExpandedAgain() {
        #expect(instance("x${SITE}", ["SITE": "${OTHER}", "OTHER": "x"]) == "x${OTHER}")
    }

    @Test func anUnsetVariableIsAnErrorThatNamesIt() {
        expect(
            "instance: ${SITE}\nroutes: {}\n",
            says: [
                "1:11: the environment variable SITE isn't set: set it, or write ${SITE:-default}"
            ]
        )
    }

    @Test(arguments: ["${}", "${1A}", "${A B}", "${A-x}", "${A", "a ${"])
    func whatNamesNoVariableIsAnError(value: String) {
        expect(
            "instance: '\(value)'\nroutes: {}\n",
            says: [
                "1:11: '${' must name a variable, as in ${NAME} or ${NAME:-default}; write $${ for the text '${'"
            ]
        )
    }

    @Test func theKeyDecidesWhatAVariableIs() throws {
        let gateway = try configuration(
            """
            connections:
              cloud:
                hostname: ${HOST}
                port: ${PORT}
                auto_connect: "${AUTO}"
                connect_timeout: ${SECONDS}s
            routes: {}
            """,
            environment: ["HOST": "example.com", "PORT": "8080", "AUTO": "false", "SECONDS": "7"]
        )
        #expect(gateway.connections[0].endpoint.port == 8080)
        #expect(!gateway.connections[0].autoConnect)
        #expect(gateway.connections[0].connectTimeout == .seconds(7))
    }

    @Test func aWrongValueIsNotShown() {
        expect(
            "connections:\n  cloud:\n    hostname: example.com\n    port: ${PORT}\nroutes: {}\n",
            says: ["4:11: port must be a whole number from 0 to 65535, found the value of ${PORT}"],
            environment: ["PORT": "canary"]
        )
    }

    @Test func namesInKeysStayAsTheyAre() {
        expect(
            "${ZEBRA}: a\nroutes: {}\n",
            says: [
                "1:1: unknown key '${ZEBRA}': the keys here are instance, state_dir, connections, mqtt, status, web, "
                    + "control_socket, shutdown_timeout, log, routes"
            ],
            environment: ["ZEBRA": "instance"]
        )
    }

    @Test(
        "S15: a variable's value can't become structure",
        arguments: [
            "a\nroutes: {}", "a: b", "{ x: y }", "[1]", "*anchor", "- a", "\"", "'", "# none", "!!int", "${X}",
        ]
    )
    func s15ValuesStayOneScalar(value: String) throws {
        let gateway = try configuration(
            "connections:\n  cloud:\n    url: wss://example.com\n    on_established: [ \"${X}\", end ]\nroutes: {}\n",
            environment: ["X": value]
        )
        #expect(gateway.connections[0].onEstablished == [value, "end"])
        #expect(gateway.routes.isEmpty)
    }
}
