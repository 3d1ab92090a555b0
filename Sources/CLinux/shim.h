// What Swift's Glibc module leaves out of the kernel's interface: declarations, constants and two thin wrappers.

#ifndef WSBRIDGE_CLINUX_H
#define WSBRIDGE_CLINUX_H

#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

// struct mmsghdr of <sys/socket.h>, which is hidden there without _GNU_SOURCE.
struct clinux_mmsghdr {
    struct msghdr header;
    unsigned int length;
};

int clinux_sendmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags) __asm__("sendmmsg");
int clinux_recvmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags,
                    struct timespec *timeout) __asm__("recvmmsg");

int clinux_spawn_addclosefrom(posix_spawn_file_actions_t *actions, int fd)
    __asm__("posix_spawn_file_actions_addclosefrom_np");

int clinux_set_thread_name(pthread_t thread, const char *name) __asm__("pthread_setname_np");

// <fcntl.h>
static const int clinux_F_SETPIPE_SZ = 1031;
static const int clinux_F_GETPIPE_SZ = 1032;
static const int clinux_O_PATH = 010000000;

// <netinet/udp.h>
static const int clinux_SOL_UDP = 17;
static const int clinux_UDP_SEGMENT = 103;

// <asm/socket.h>, <linux/sock_diag.h>
static const int clinux_SO_MEMINFO = 55;
static const int clinux_SK_MEMINFO_DROPS = 8;
static const int clinux_SK_MEMINFO_VARS = 9;

// epoll_event as it is laid out on every architecture: packed on x86-64 only, which Swift doesn't see.
static inline int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, fd, &event);
}

// Waits without limit for one descriptor and stores its token; returns epoll_wait's result.
static inline int clinux_epoll_wait_one(int epoll, uint64_t *token) {
    struct epoll_event event;
    int count = epoll_wait(epoll, &event, 1, -1);
    if (count > 0) {
        *token = event.data.u64;
    }
    return count;
}

// Blocks from so many bytes on are mapped each by itself, and as many free ones at a heap's end are given back. Only
// glibc has that to set, and would else raise both with each large block that is freed.
static inline void clinux_fix_malloc_thresholds(int bytes) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, bytes);
#endif
}

#endif
