// Stands between a library made for Android and a host's C library: what only bionic has, and the
// few functions whose arguments differ. For runs on a PC, with copies that patch.py renamed these in.
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int *__errno(void) { return &errno; }
char *__gnu_strerror_r(int e, char *b, size_t n) { return strerror_r(e, b, n); }
char *__strchr_chk(const char *p, int c, size_t n) { (void)n; return strchr(p, c); }
char *__strrchr_chk(const char *p, int c, size_t n) { (void)n; return strrchr(p, c); }
size_t __strlen_chk(const char *p, size_t n) { (void)n; return strlen(p); }
void android_set_abort_message(const char *m) { fprintf(stderr, "abort: %s\n", m); }
int __android_log_write(int p, const char *t, const char *m) { (void)p; return fprintf(stderr, "[%s] %s\n", t, m); }
int __android_log_print(int p, const char *t, const char *f, ...) {
    (void)p; (void)t;
    va_list a;
    va_start(a, f);
    int n = vfprintf(stderr, f, a);
    va_end(a);
    return n;
}
int __system_property_get(const char *n, char *v) { (void)n; v[0] = 0; return 0; }
char __sF[3 * 256];

// Renamed: bionic numbers the settings otherwise.
long sYsconf(int n) {
    switch (n) {
        case 0x27: case 0x28: return sysconf(_SC_PAGESIZE);
        case 0x48: return sysconf(_SC_GETPW_R_SIZE_MAX);
        case 0x60: return sysconf(_SC_NPROCESSORS_CONF);
        case 0x61: return sysconf(_SC_NPROCESSORS_ONLN);
        case 0x62: return sysconf(_SC_PHYS_PAGES);
    }
    fprintf(stderr, "sysconf %#x is not known to the shim\n", n);
    return -1;
}
// Renamed: bionic's structure is shorter than the host's, so a pointer to the host's is kept in it.
int pThread_attr_init(void **p) { *p = malloc(sizeof(pthread_attr_t)); return pthread_attr_init(*p); }
int pThread_attr_destroy(void **p) { int r = pthread_attr_destroy(*p); free(*p); return r; }
int pThread_attr_setstacksize(void **p, size_t n) { return pthread_attr_setstacksize(*p, n); }
int pThread_create(pthread_t *t, void **p, void *(*f)(void *), void *a) { return pthread_create(t, p ? *p : 0, f, a); }
int bIregister_atfork(void (*a)(void), void (*b)(void), void (*c)(void), void *d) { (void)a; (void)b; (void)c; (void)d; return 0; }
// Renamed: bionic has the name before the address.
struct info { int flags, family, socktype, protocol; socklen_t len; char *name; struct sockaddr *addr; struct info *next; };
int gEtaddrinfo(const char *host, const char *service, const struct info *hints, struct info **out) {
    struct addrinfo wanted = {0}, *found = 0;
    if (hints) { wanted.ai_family = hints->family; wanted.ai_socktype = hints->socktype; wanted.ai_protocol = hints->protocol; }
    int failed = getaddrinfo(host, service, &wanted, &found);
    if (failed) return failed;
    *out = 0;
    for (struct addrinfo *i = found; i; i = i->ai_next) {
        struct info *made = calloc(1, sizeof *made);
        *made = (struct info){i->ai_flags, i->ai_family, i->ai_socktype, i->ai_protocol, i->ai_addrlen, 0, malloc(i->ai_addrlen), 0};
        memcpy(made->addr, i->ai_addr, i->ai_addrlen);
        *out = made;
        out = &made->next;
    }
    freeaddrinfo(found);
    return 0;
}
void fReeaddrinfo(struct info *i) { while (i) { struct info *next = i->next; free(i->addr); free(i); i = next; } }
