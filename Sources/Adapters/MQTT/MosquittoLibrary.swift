import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// libmosquitto's own start, once per process: its counter isn't synchronised.
enum MosquittoLibrary {
    /// The signal that makes a blocking connect return.
    ///
    /// Ignored by default, so nothing else relies on it.
    static let interruption = SIGURG

    private static let initialised: Void = {
        mosquitto_lib_init()
        signal(SIGPIPE, SIG_IGN)
        // A handler, however empty, and no SA_RESTART: only then does connect(2) return with EINTR.
        var action = sigaction()
        #if canImport(Darwin)
            action.__sigaction_u.__sa_handler = { _ in }
        #else
            action.__sigaction_handler.sa_handler = { _ in }
        #endif
        sigaction(interruption, &action, nil)
    }()

    /// Lets the interruption reach the calling thread: who made it may have blocked every signal.
    static func acceptInterruption() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, interruption)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    static func initialise() {
        _ = initialised
    }
}
