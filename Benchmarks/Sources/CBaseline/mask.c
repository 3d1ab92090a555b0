#include "baseline.h"
#include <string.h>

void baseline_mask(const uint8_t *source, uint8_t *target, size_t length, uint32_t key) {
    uint64_t word = (uint64_t)key << 32 | key;
    size_t position = 0;
    for (; position + 8 <= length; position += 8) {
        uint64_t value;
        memcpy(&value, source + position, 8);
        value ^= word;
        memcpy(target + position, &value, 8);
    }
    for (; position < length; position++) target[position] = source[position] ^ (uint8_t)(key >> (position & 3) * 8);
}
