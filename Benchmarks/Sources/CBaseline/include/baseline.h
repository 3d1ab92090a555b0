// What plain C makes of the same work on the same machine: the measure for our own.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// XOR with a repeated four-byte key, from source to target; as the compiler vectorises it.
void baseline_mask(const uint8_t *source, uint8_t *target, size_t length, uint32_t key);

/// Whether all bytes are below 0x80.
bool baseline_is_ascii(const uint8_t *bytes, size_t length);

/// Whether the bytes are UTF-8, sixteen at a time: each pair of neighbours is classified by three table look-ups
/// (the approach of Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte"). Without SSSE3, byte by byte.
bool baseline_is_utf8(const uint8_t *bytes, size_t length);

