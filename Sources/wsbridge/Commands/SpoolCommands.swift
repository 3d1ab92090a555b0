import ArgumentParser
import BridgeCore

/// `wsbridge spool`: what a gateway that doesn't run left on disk.
struct SpoolCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "List, export or drop what lies in the spool, while no gateway runs on it.",
        subcommands: [List.self, Export.self, Drop.self]
    )

    /// Which spool.
    struct Place: ParsableArguments {
        @OptionGroup var file: ConfigurationFile
        @Option(help: "The folder with the spool. Default: the configuration's state_dir.")
        var stateDir: String?

        /// Opens the spool for the duration of `body`.
        func open(_ body: (SQLiteEngine, SpoolContents) throws -> Void) throws {
            let path = try stateDir ?? CheckedConfiguration.load(try file.path()).0.stateDirectory
            guard let path else {
                StandardStreams.error("the configuration has no state_dir; name the folder with --state-dir")
                throw ExitStatus.configuration
            }
            guard SpoolDirectory.holdsSpool(path) else {
                StandardStreams.error("there is no spool in \(path)")
                throw ExitStatus.configuration
            }
            do {
                let directory = try SpoolDirectory(path)
                let engine = SQLiteEngine(directory: path, sync: .full, maxBytes: 1 << 50, isInspection: true)
                let contents = try engine.open()
                defer { engine.close() }
                if let name = contents.setAside {
                    StandardStreams.error("the spool could not be read and was put aside as \(name)")
                }
                try body(engine, contents)
                withExtendedLifetime(directory) {}
            } catch let error as SpoolError {
                StandardStreams.error("\(error)")
                if case .locked = error { throw ExitStatus.notEstablished }
                throw ExitStatus.configuration
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how much each route and sink has in the spool."
        )
        @OptionGroup var place: Place

        func run() throws {
            try place.open { _, contents in
                let held = contents.queues.filter { $0.count > 0 }
                if held.isEmpty { StandardStreams.output("the spool is empty") }
                for queue in held {
                    StandardStreams.output("\(queue.key): \(queue.count) messages, \(queue.bytes) bytes")
                }
            }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write messages as lines of JSON to standard output; they stay in the spool."
        )
        @OptionGroup var place: Place
        @Argument(help: "The route and sink as `list` shows them, like 'trades -> mqtt:local'. Default: all.")
        var queue: String?

        func run() throws {
            try place.open { engine, contents in
                for queue in try SpoolCommands.chosen(queue, of: contents) {
                    var after: Int64 = 0
                    var damaged = 0
                    while true {
                        let page = try engine.read(
                            SpoolRead(queue: queue.number, after: after, messages: 1024, bytes: 1 << 20)
                        )
                        for line in SpoolExport.lines(of: page, queue: queue.key) { StandardStreams.output(line) }
                        damaged += page.damaged.count
                        if page.isEnd { break }
                        after = page.last
                    }
                    if damaged > 0 { StandardStreams.error("\(damaged) messages of '\(queue.key)' are damaged") }
                }
            }
        }
    }

    struct Drop: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the messages of one route and sink from the spool."
        )
        @OptionGroup var place: Place
        @Argument(help: "The route and sink as `list` shows them, like 'trades -> mqtt:local'.")
        var queue: String

        func run() throws {
            try place.open { engine, contents in
                for queue in try SpoolCommands.chosen(queue, of: contents) {
                    let all = SpoolDelete(queue: queue.number, first: 0, last: queue.next, bytes: queue.bytes)
                    try engine.write([], removing: [all])
                    StandardStreams.output("\(queue.key): \(queue.count) messages dropped")
                }
            }
        }
    }

    /// The queue of that name, or all that hold something.
    fileprivate static func chosen(_ key: String?, of contents: SpoolContents) throws -> [SpoolQueueContents] {
        guard let key else { return contents.queues.filter { $0.count > 0 } }
        if let queue = contents.queues.first(where: { $0.key == key }) { return [queue] }
        let known = contents.queues.filter { $0.count > 0 }.map { "'\($0.key)'" }.joined(separator: ", ")
        StandardStreams.error("the spool holds nothing of '\(key)'; it holds: \(known.isEmpty ? "nothing" : known)")
        throw ExitStatus.usage
    }
}
