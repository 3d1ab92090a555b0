#pragma once
#include <mosquitto.h>
#include <mqtt_protocol.h>

/* What the adapter needs of Linux beside the library and Swift's Glibc module does not bring. */
#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int wsbridge_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* Names the calling thread; 15 bytes at most. */
static inline void wsbridge_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
#endif
