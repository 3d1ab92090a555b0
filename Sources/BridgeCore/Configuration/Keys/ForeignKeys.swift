/// What other tools, and the ancestor's users, call things: by place, then by the word in lower case without
/// separators.
enum ForeignKeys {
    static func advice(for word: String, in place: String) -> String? {
        guard let entry = table[place]?.first(where: { $0.words.contains(word) }) else { return nil }
        return entry.isSentence ? entry.advice : "did you mean '\(entry.advice)'?"
    }

    private struct Entry: Sendable {
        var words: [String]
        var advice: String
        var isSentence: Bool

        static func means(_ key: String, _ words: String...) -> Entry {
            Entry(words: words, advice: key, isSentence: false)
        }

        static func say(_ sentence: String, _ words: String...) -> Entry {
            Entry(words: words, advice: sentence, isSentence: true)
        }
    }

    private static let table: [String: [Entry]] = [
        "gateway": [
            .means("connections", "websockets", "websocket", "ws", "clients", "wsclients", "feeds"),
            .means("mqtt", "brokers", "broker", "mqttbrokers", "mqttbroker", "mosquitto"),
            .means("routes", "rules", "bridges", "bridge", "flows", "pipes", "pipelines", "triggers", "mappings"),
            .means("log", "logging", "logs", "logger"),
            .means("instance", "id", "site", "hostname", "nodename", "node"),
            .means("state_dir", "datadir", "data", "spool", "spooldir", "statedirectory"),
            .means("web", "http", "api", "server", "metrics", "listen"),
            .say("the broker stands in mqtt.NAME.url", "mqtturl", "brokerurl"),
            .say("the feed stands in connections.NAME.url", "wsurl", "websocketurl", "url"),
            .say("write log: { level: … }", "loglevel", "verbosity", "debug"),
            .say("write status: { base_topic: … }", "topicprefix", "basetopic", "prefix"),
            .say("a source is the 'from' of a route, a sink its 'to'", "sources", "sinks", "inputs", "outputs"),
        ],
        "connection": [
            .means("url", "wsurl", "websocketurl", "wssurl", "uri", "endpoint", "address", "server", "remote"),
            .means("hostname", "host", "ip", "ipaddress"),
            .means("protocol", "scheme", "proto"),
            .means("bearer_token", "token", "authtoken", "accesstoken", "bearer", "apikey", "httpbearertoken"),
            .means("headers", "header", "httpheaders", "extraheaders", "requestheaders"),
            .means("subprotocols", "protocols", "subprotocol", "websocketprotocol", "wsprotocol"),
            .means(
                "on_established",
                "onconnect",
                "onopen",
                "preamble",
                "openmessage",
                "subscribe",
                "init",
                "onconnected",
                "connectmessages",
                "initmessage",
                "subscription"
            ),
            .means("session", "script", "login", "steps", "preset"),
            .means("heartbeat", "heartbeats", "heartbeatinterval", "applicationping", "pingmessage", "textping"),
            .means("connect_timeout", "timeout", "handshaketimeout", "connectiontimeout", "opentimeout"),
            .means("max_message_size", "maxsize", "maxpayload", "maxframesize", "readlimit", "maxmessagebytes"),
            .means("silence_timeout", "idletimeout", "readtimeout", "datatimeout", "inactivitytimeout"),
            .means("auto_reconnect", "autoreconnection", "reconnects"),
            .means("auto_connect", "connectonstart", "autostart", "enabled"),
            .means("compression", "permessagedeflate", "deflate", "compress"),
            .means("tls", "ssl", "security"),
            .means("follow_redirects", "redirects", "maxredirects"),
            .means("log_comms", "logcommunication", "logmessages", "logcommunications"),
            .means("extended_logging", "verbose", "debug", "logging", "loglevel"),
            .say(
                "write keep_alive: { interval: … }",
                "pinginterval",
                "ping",
                "keepaliveinterval",
                "pings",
                "keepalivetime"
            ),
            .say("write keep_alive: { timeout: … }", "pongtimeout", "pingtimeout", "keepalivetimeout"),
            .say("write send_keep_alive: false to send no pings", "disableping", "noping"),
            .say(
                "write reconnect: { initial_delay: … }",
                "reconnectinterval",
                "reconnectdelay",
                "retryinterval",
                "backoff",
                "retrydelay",
                "retry"
            ),
            .say("write reconnect: { max_delay: … }", "maxreconnectdelay", "maxreconnectinterval", "maxbackoff"),
            .say(
                "write tls: { insecure: true }",
                "insecureskipverify",
                "skipverify",
                "verify",
                "verifyssl",
                "rejectunauthorized",
                "sslverify",
                "tlsinsecure"
            ),
            .say("write tls: { ca_file: … }", "ca", "cafile", "cacert", "cacertificate", "rootca"),
            .say("write tls: { cert_file: …, key_file: … }", "cert", "certfile", "clientcert", "key", "keyfile"),
            .say(
                "write bearer_token, basic_auth, oauth2 or headers: { Authorization: … }",
                "authorization",
                "auth",
                "authentication",
                "credentials"
            ),
            .means("oauth2", "oauth", "clientcredentials", "oidc"),
            .means("cookies", "cookie", "cookiejar"),
            .means("renew_before", "renew", "refreshbefore", "tokenrefresh", "renewal"),
            .say(
                "write basic_auth: { username: …, password: … }",
                "username",
                "user",
                "password"
            ),
            .means("proxy", "proxyurl", "httpproxy", "httpsproxy", "socks", "socksproxy", "socks5"),
            .say("what is received is filtered by the 'match' of a route", "matchstring", "filter"),
        ],
        "reconnect": [
            .means("initial_delay", "delay", "initial", "min", "mindelay", "interval", "initialinterval", "base"),
            .means("max_delay", "max", "maxinterval", "cap"),
            .means("stable_after", "stable", "resetafter", "reset"),
        ],
        "keep_alive": [
            .means("interval", "every", "pinginterval", "period"),
            .means("timeout", "pongtimeout", "deadline", "pingtimeout"),
            .say("write send_keep_alive: false beside keep_alive", "enabled", "enable", "send"),
        ],
        "tls": [
            .means("ca_file", "ca", "cacert", "cacertificate", "rootca", "castore", "trust"),
            .means("cert_file", "cert", "certificate", "clientcert", "certificatefile", "crt", "crtfile"),
            .means("key_file", "key", "privatekey", "clientkey"),
            .means("server_name", "sni", "servername", "hostname", "verifyname"),
            .means("min_version", "minimumversion", "version", "minversion", "tlsversion", "mintlsversion"),
            .means("pin_sha256", "pin", "pins", "fingerprint", "fingerprints"),
            .means("insecure", "insecureskipverify", "skipverify", "verify", "rejectunauthorized"),
            .say("a key file with a pass phrase isn't supported", "keypassword", "passphrase", "password"),
        ],
        "broker": [
            .say(
                "write url: mqtt://HOST:PORT",
                "host",
                "hostname",
                "server",
                "address",
                "uri",
                "broker",
                "port",
                "brokerurl"
            ),
            .means("username", "user", "login"),
            .means("password", "pass", "passwd", "pwd"),
            .means("client_id", "id", "client", "clientname", "clientidprefix"),
            .means("protocol_version", "version", "protocol", "mqttversion", "protocolversion"),
            .means("clean_session", "clean", "cleanstart"),
            .means("session_expiry", "sessionexpiryinterval", "expiryinterval", "sessionttl"),
            .means("max_inflight", "inflight", "maxinflightmessages", "receivemaximum"),
            .means("tls", "ssl"),
            .means("connect_timeout", "timeout"),
            .say("QoS and retain stand at a route's 'to' or 'from'", "qos", "retain"),
            .say(
                "write the whole topic at each route, or status: { base_topic: … }",
                "topicprefix",
                "basetopic",
                "prefix",
                "topic",
                "topics"
            ),
            .say("will and birth are <base>/status of the status topics", "will", "birth", "lastwill", "lwt"),
            .say("write tls: { ca_file: … }", "ca", "cafile", "cacert"),
            .say("write tls: { cert_file: …, key_file: … }", "cert", "certfile", "key", "keyfile"),
            .say("write tls: { insecure: true }", "insecure", "tlsinsecure"),
        ],
        "status": [
            .means("mqtt", "broker"),
            .means("base_topic", "topic", "topicprefix", "prefix", "base"),
        ],
        "web": [.means("listen", "address", "bind", "port", "host", "listenaddress")],
        "log": [
            .means("level", "loglevel", "verbosity"),
            .means("format", "type", "output", "encoding"),
        ],
        "route": [
            .means("from", "source", "input", "inputs", "on", "in", "sources", "trigger"),
            .means("to", "sink", "target", "destination", "output", "outputs", "sinks", "out", "action"),
            .means("match", "filter", "where", "condition", "if", "when", "matchstring", "contains"),
            .means("queue", "buffer"),
            .means("allow_echo", "echo", "allowloop"),
        ],
        "from.mqtt": sinkAndSource + [.means("topic", "topicfilter", "filter", "subscribe", "subscription")],
        "from.udp": sinkAndSource + [
            .means("udp", "address", "listen", "bind", "host", "port"),
            .means("allow_from", "allow", "allowed", "allowlist", "whitelist"),
            .means("receive_buffer", "rcvbuf", "buffer", "buffersize"),
        ],
        "from.fifo": sinkAndSource,
        "from.connection": sinkAndSource,
        "to.mqtt": sinkAndSource + [
            .means("retain", "retained"), .means("expiry", "messageexpiry", "expires", "ttl", "expire"),
        ],
        "to.udp": sinkAndSource + [.means("max_size", "mtu", "maxmessagesize", "maxdatagram")],
        "to.fifo": sinkAndSource + [.means("no_reader", "noreaders", "onnoreader")],
        "to.connection": sinkAndSource + [.means("as", "kind", "type", "opcode", "binary")],
        "queue": [
            .means("max_bytes", "maxsize", "size", "limit", "max", "maxmemory", "bytes"),
            .means("when_full", "policy", "overflow", "onfull", "full", "overflowpolicy"),
            .means("store", "buffer", "type", "persistence", "storage"),
            .means("ttl", "maxage", "expire", "expiry", "age"),
            .means("max_disk", "disk", "disksize", "maxdisksize"),
            .means("conflate_by", "key", "conflatekey", "by"),
        ],
        "match": [
            .means("contains", "contain", "includes", "substring", "matchstring", "text"),
            .means("equals", "equal", "eq", "is"),
            .means("prefix", "startswith", "beginswith"),
            .means("suffix", "endswith"),
            .means("regex", "regexp", "pattern", "re"),
            .means("json", "jsonpath", "path", "field"),
            .means("all", "and"), .means("any", "or"), .means("not", "none", "unless"),
            .means("one_of", "in", "values"), .means("gt", "greater", "greaterthan", "min", "above"),
            .means("lt", "less", "lessthan", "max", "below"),
            .say("write case_sensitive: false", "ignorecase", "caseinsensitive"),
        ],
    ]

    private static let sinkAndSource: [Entry] = [
        .means("mqtt", "broker"),
        .means("fifo", "pipe", "path", "file"),
        .means("connection", "websocket", "ws"),
        .means("framing", "format", "delimiter", "frame"),
        .means("multicast_interface", "interface", "iface", "nic"),
        .say("write udp: \"HOST:PORT\"", "host", "port", "address"),
    ]
}
