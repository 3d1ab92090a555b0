#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

// Swift can't see OpenSSL's macros, so each one that is used gets a function of its own name.

static inline int wsbridge_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int wsbridge_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void wsbridge_SSL_CTX_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline void wsbridge_SSL_set_mode(SSL *ssl, long mode) {
    SSL_set_mode(ssl, mode);
}

static inline void wsbridge_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

// Takes ownership of the certificate when it returns 1.
static inline int wsbridge_SSL_CTX_add0_chain_cert(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

static inline int wsbridge_SSL_CTX_get_ex_new_index(CRYPTO_EX_free *free_function) {
    return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_function);
}

static inline int wsbridge_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline uint64_t wsbridge_SSL_OP_NO_COMPRESSION(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t wsbridge_SSL_OP_NO_RENEGOTIATION(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t wsbridge_SSL_OP_NO_TICKET(void) { return SSL_OP_NO_TICKET; }
static inline uint64_t wsbridge_SSL_OP_LEGACY_SERVER_CONNECT(void) { return SSL_OP_LEGACY_SERVER_CONNECT; }
static inline uint64_t wsbridge_SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION(void) {
    return SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION;
}
static inline uint64_t wsbridge_SSL_OP_IGNORE_UNEXPECTED_EOF(void) { return SSL_OP_IGNORE_UNEXPECTED_EOF; }

static inline void wsbridge_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void wsbridge_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline long wsbridge_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline int wsbridge_ERR_GET_LIB(unsigned long code) { return ERR_GET_LIB(code); }
static inline int wsbridge_ERR_GET_REASON(unsigned long code) { return ERR_GET_REASON(code); }

// The subjectAltName entries of a certificate: NULL when there are none. Ends with wsbridge_GENERAL_NAMES_free.
static inline GENERAL_NAMES *wsbridge_X509_get_alt_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int wsbridge_GENERAL_NAMES_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

static inline void wsbridge_GENERAL_NAMES_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

// The bytes of a DNS name (returns GEN_DNS) or of an address (GEN_IPADD); any other kind returns its type and no bytes.
static inline int wsbridge_GENERAL_NAMES_at(
    const GENERAL_NAMES *names, int index, const unsigned char **bytes, int *length
) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *string = NULL;
    if (name->type == GEN_DNS) {
        string = name->d.dNSName;
    } else if (name->type == GEN_IPADD) {
        string = name->d.iPAddress;
    }
    *bytes = string == NULL ? NULL : ASN1_STRING_get0_data(string);
    *length = string == NULL ? 0 : ASN1_STRING_length(string);
    return name->type;
}

// Year, month (1-12), day, hour, minute, second in UTC. Returns 0 for a time that can't be read.
static inline int wsbridge_ASN1_TIME_fields(const ASN1_TIME *time, int fields[6]) {
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
        return 0;
    }
    fields[0] = parts.tm_year + 1900;
    fields[1] = parts.tm_mon + 1;
    fields[2] = parts.tm_mday;
    fields[3] = parts.tm_hour;
    fields[4] = parts.tm_min;
    fields[5] = parts.tm_sec;
    return 1;
}

static inline unsigned long wsbridge_XN_FLAG_READABLE(void) {
    return XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
}
