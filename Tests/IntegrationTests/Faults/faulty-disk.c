// Preloaded into a gateway under test: a disk that is slow or refuses, for the spool's files only, and a wall clock
// that is wrong. What it does is read from the file that FAULTY_DISK names, at each call: `delay MS`, `EIO`, `ENOSPC`,
// `short`, `sync` (writing works, syncing doesn't), or nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_spool(int descriptor) {
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, "spool.sqlite") != NULL;
}

static void order(char *text, size_t size) {
    text[0] = 0;
    const char *path = getenv("FAULTY_DISK");
    int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    ssize_t length = read(descriptor, text, size - 1);
    close(descriptor);
    text[length > 0 ? length : 0] = 0;
}

// 0, or the error that the call has to give.
static int fault(int descriptor) {
    if (!is_spool(descriptor)) return 0;
    char text[64];
    order(text, sizeof text);
    if (strncmp(text, "EIO", 3) == 0) return EIO;
    if (strncmp(text, "ENOSPC", 6) == 0) return ENOSPC;
    return 0;
}

static void delay(int descriptor) {
    if (!is_spool(descriptor)) return;
    char text[64];
    order(text, sizeof text);
    int milliseconds = 0;
    if (sscanf(text, "delay %d", &milliseconds) == 1) usleep(milliseconds * 1000);
}

static int synced(const char *name, int descriptor) {
    int error = fault(descriptor);
    if (error == 0 && is_spool(descriptor)) {
        char text[64];
        order(text, sizeof text);
        if (strncmp(text, "sync", 4) == 0) error = EIO;
    }
    if (error != 0) {
        errno = error;
        return -1;
    }
    delay(descriptor);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(descriptor);
}

int fsync(int descriptor) { return synced("fsync", descriptor); }
int fdatasync(int descriptor) { return synced("fdatasync", descriptor); }

static ssize_t written(const char *name, int descriptor, const void *bytes, size_t count, off64_t offset) {
    int error = fault(descriptor);
    if (error != 0) {
        errno = error;
        return -1;
    }
    char text[64];
    if (is_spool(descriptor)) order(text, sizeof text);
    else text[0] = 0;
    if (strncmp(text, "short", 5) == 0) {
        // Half of it, then no room.
        if (count < 64) {
            errno = ENOSPC;
            return -1;
        }
        count /= 2;
    }
    ssize_t (*real)(int, const void *, size_t, off64_t) =
        (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, name);
    return real(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return written("pwrite", descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return written("pwrite64", descriptor, bytes, count, offset);
}

// FAULTY_CLOCK: how many seconds the wall clock is ahead.
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) {
        const char *offset = getenv("FAULTY_CLOCK");
        if (offset) time->tv_sec += atol(offset);
    }
    return result;
}
