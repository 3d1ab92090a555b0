#include "baseline.h"
#include <string.h>

bool baseline_is_ascii(const uint8_t *bytes, size_t length) {
    uint64_t all = 0;
    size_t position = 0;
    for (; position + 8 <= length; position += 8) {
        uint64_t value;
        memcpy(&value, bytes + position, 8);
        all |= value;
    }
    for (; position < length; position++) all |= bytes[position];
    return (all & 0x8080808080808080u) == 0;
}

// One character after the other; RFC 3629 section 4.
static bool is_utf8_scalar(const uint8_t *bytes, size_t length) {
    size_t position = 0;
    while (position < length) {
        uint8_t lead = bytes[position++];
        if (lead < 0x80) continue;
        int more = lead >= 0xC2 && lead <= 0xDF ? 1 : (lead & 0xF0) == 0xE0 ? 2 : lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
        if (more == 0 || length - position < (size_t)more) return false;
        uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        for (; more > 0; more--, low = 0x80, high = 0xBF) {
            uint8_t next = bytes[position++];
            if (next < low || next > high) return false;
        }
    }
    return true;
}

#if defined(__x86_64__)
#include <immintrin.h>

// What may be wrong with two bytes that follow each other: a bit each.
enum {
    TOO_SHORT = 1 << 0,  // a lead byte, then no continuation
    TOO_LONG = 1 << 1,   // ASCII, then a continuation
    OVERLONG_3 = 1 << 2, // E0 80..9F
    TOO_LARGE = 1 << 3,  // F4 90.., F5..
    SURROGATE = 1 << 4,  // ED A0..BF
    OVERLONG_2 = 1 << 5, // C0, C1
    OVERLONG_4 = 1 << 6, // F0 80..8F, and F5.. 80..8F too large
    TWO_CONTS = 1 << 7,  // a continuation, then another
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS,
};

__attribute__((target("ssse3"))) static bool is_utf8_vectors(const uint8_t *bytes, size_t length) {
    const __m128i first_high = _mm_setr_epi8(
        TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, (char)TWO_CONTS,
        (char)TWO_CONTS, (char)TWO_CONTS, (char)TWO_CONTS, TOO_SHORT | OVERLONG_2, TOO_SHORT,
        TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4);
    const char large = (char)(CARRY | TOO_LARGE | OVERLONG_4);
    const __m128i first_low = _mm_setr_epi8(
        (char)(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4), (char)(CARRY | OVERLONG_2), (char)CARRY, (char)CARRY,
        (char)(CARRY | TOO_LARGE), large, large, large, large, large, large, large, large, (char)(large | SURROGATE),
        large, large);
    const char low = (char)(TOO_LONG | OVERLONG_2 | TWO_CONTS);
    const __m128i second_high = _mm_setr_epi8(
        TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
        (char)(low | OVERLONG_3 | OVERLONG_4), (char)(low | OVERLONG_3 | TOO_LARGE), (char)(low | SURROGATE | TOO_LARGE),
        (char)(low | SURROGATE | TOO_LARGE), TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT);
    const __m128i nibble = _mm_set1_epi8(0x0F);
    const __m128i unfinished_above = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, (char)0xEF,
                                                   (char)0xDF, (char)0xBF);
    __m128i error = _mm_setzero_si128(), previous = error, unfinished = error;
    for (size_t position = 0; position < length; position += 16) {
        uint8_t last[16] = {0};
        const uint8_t *from = bytes + position;
        if (length - position < 16) {
            memcpy(last, from, length - position);
            from = last;
        }
        __m128i input = _mm_loadu_si128((const __m128i *)from);
        if (_mm_movemask_epi8(input) == 0) {
            error = _mm_or_si128(error, unfinished);
            unfinished = _mm_setzero_si128();
        } else {
            __m128i before1 = _mm_alignr_epi8(input, previous, 15);
            __m128i before2 = _mm_alignr_epi8(input, previous, 14);
            __m128i before3 = _mm_alignr_epi8(input, previous, 13);
            __m128i special = _mm_and_si128(
                _mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(before1, 4), nibble)),
                _mm_and_si128(_mm_shuffle_epi8(first_low, _mm_and_si128(before1, nibble)),
                              _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(input, 4), nibble))));
            // Third and fourth bytes have to be continuations, and only those: TWO_CONTS has to be there just then.
            __m128i third = _mm_subs_epu8(before2, _mm_set1_epi8((char)(0xE0 - 0x80)));
            __m128i fourth = _mm_subs_epu8(before3, _mm_set1_epi8((char)(0xF0 - 0x80)));
            __m128i must = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8((char)0x80));
            error = _mm_or_si128(error, _mm_xor_si128(must, special));
            unfinished = _mm_subs_epu8(input, unfinished_above);
        }
        previous = input;
    }
    error = _mm_or_si128(error, unfinished);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(error, _mm_setzero_si128())) == 0xFFFF;
}

bool baseline_is_utf8(const uint8_t *bytes, size_t length) {
    // A short last block is filled with zeros, which end an unfinished character with an error.
    return __builtin_cpu_supports("ssse3") ? is_utf8_vectors(bytes, length) : is_utf8_scalar(bytes, length);
}
#else
bool baseline_is_utf8(const uint8_t *bytes, size_t length) { return is_utf8_scalar(bytes, length); }
#endif
