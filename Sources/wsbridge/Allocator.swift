import CLinux

/// How the process's `malloc` treats large blocks.
enum Allocator {
    /// In bytes: above what reads and queues take again and again, below what a few large messages should keep.
    private static let threshold: CInt = 1 << 20

    /// Makes freed memory leave the process: glibc raises its thresholds with each large block that is freed, up to
    /// 32 MiB, and would keep what a few large messages took for good.
    ///
    /// Before other threads begin.
    static func giveLargeBlocksBack() {
        clinux_fix_malloc_thresholds(threshold)
    }
}
