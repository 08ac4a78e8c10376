// Drives the Android library by uniffi's C interface, as the generated Kotlin does: run LIBRARY DIR
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t capacity, len; uint8_t *data; } Buffer;
typedef struct { int8_t code; Buffer error; } Status;
typedef struct { int32_t len; const uint8_t *data; } Foreign;
typedef struct {
    void (*free)(uint64_t);
    uint64_t (*clone)(uint64_t);
    void (*load)(uint64_t, Buffer *, Status *);
    void (*save)(uint64_t, Buffer, void *, Status *);
} KeyStore;

static void *library;
static void *symbol(const char *name) {
    char whole[160];
    snprintf(whole, sizeof whole, strncmp(name, "ffi_", 4) ? "uniffi_companion_ffi_%s" : "%s", name);
    void *found = dlsym(library, whole);
    if (!found) { printf("missing: %s\n", whole); exit(3); }
    return found;
}
#define CALL(type, name, ...) ((type)symbol(name))(__VA_ARGS__)
typedef Buffer (*FromBytes)(Foreign, Status *);
typedef uint64_t (*OpenFn)(Buffer, uint64_t, Status *);
typedef uint64_t (*HandleFn)(uint64_t, Status *);
typedef void (*FreeFn)(uint64_t, Status *);

// Values cross in a buffer, big-endian; strings and lists begin with their length.
static uint8_t bytes[4096];
static int length;
static void put(const void *from, int n) { memcpy(bytes + length, from, n); length += n; }
static void put_u8(uint8_t v) { put(&v, 1); }
static void put_u32(uint32_t v) { v = __builtin_bswap32(v); put(&v, 4); }
static void put_u64(uint64_t v) { v = __builtin_bswap64(v); put(&v, 8); }
static void put_text(const char *v) { put_u32(strlen(v)); put(v, strlen(v)); }
static Buffer taken(void) {
    Status status = {0};
    Buffer buffer = CALL(FromBytes, "ffi_companion_ffi_rustbuffer_from_bytes", (Foreign){length, bytes}, &status);
    length = 0;
    return buffer;
}
static int holds(Buffer buffer, const char *text) { return buffer.data && memmem(buffer.data, buffer.len, text, strlen(text)); }

static int failures;
static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "ok" : "FAILED");
    failures += !good;
}
static void check_problem(const char *what, Status status, const char *code) {
    check(what, status.code == 1 && holds(status.error, code));
    if (status.code && !holds(status.error, code)) {
        for (uint64_t i = 0; i < status.error.len; i++) putchar(status.error.data[i] < 32 ? '.' : status.error.data[i]);
        putchar('\n');
    }
}

static uint8_t key[32];
static int kept;
static void forget(uint64_t handle) { (void)handle; }
static uint64_t same(uint64_t handle) { return handle; }
static void load(uint64_t handle, Buffer *out, Status *status) {
    (void)handle; (void)status;
    int before = length;
    uint8_t saved[sizeof bytes];
    memcpy(saved, bytes, sizeof bytes);
    length = 0;
    put_u8(kept);
    if (kept) { put_u32(32); put(key, 32); }
    *out = taken();
    memcpy(bytes, saved, sizeof bytes);
    length = before;
}
static void save(uint64_t handle, Buffer given, void *out, Status *status) {
    (void)handle; (void)out; (void)status;
    kept = given.len == 36;
    if (kept) memcpy(key, given.data + 4, 32);
}

static uint64_t open_in(const char *dir, Status *status) {
    put_text(dir);
    return CALL(OpenFn, "fn_constructor_patientcompanion_open", taken(), 1, status);
}
// A call of a method takes the handle that it is given.
static uint64_t journal_of(uint64_t companion, Status *status) {
    uint64_t given = CALL(HandleFn, "fn_clone_patientcompanion", companion, status);
    return CALL(HandleFn, "fn_method_patientcompanion_journal", given, status);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) { puts(dlerror()); return 3; }
    const char *dir = arguments[2];
    static KeyStore store = {forget, same, load, save};
    CALL(void (*)(const KeyStore *), "fn_init_callback_vtable_keystore", &store);

    Status status = {0};
    put_u8(1), put_text("US"), put_u8(0), put_u8(0), put_u8(0);
    Buffer help = CALL(Buffer (*)(Buffer, Status *), "fn_func_crisis_help", taken(), &status);
    check("crisis lines without a vault", !status.code && holds(help, "988 Suicide & Crisis Lifeline"));

    status = (Status){0};
    uint64_t companion = open_in(dir, &status);
    check("a vault is made and its key kept", !status.code && kept);
    if (status.code) { check_problem("its problem", status, "?"); return 1; }
    uint64_t journal = journal_of(companion, &status);

    // valence, moment, energy, anxiety, sleep, four lists, note; then share.
    double valence = 0.5;
    uint64_t bits;
    memcpy(&bits, &valence, 8);
    put_u64(bits), put_u64(1773127800000), put_u32(3600), put_text("Europe/Berlin");
    put_u8(0), put_u8(0), put_u8(0), put_u32(0), put_u32(0), put_u32(0), put_u32(0);
    put_u8(1), put_text("zanzibar");
    Buffer mood = taken();
    put_u8(0);
    uint64_t given = CALL(HandleFn, "fn_clone_journal", journal, &status);
    CALL(Buffer (*)(uint64_t, Buffer, Buffer, Status *), "fn_method_journal_record", given, mood, taken(), &status);
    check("an entry is recorded", !status.code);

    status = (Status){0};
    open_in(dir, &status);
    check_problem("a second opener is refused", status, "vault-in-use");

    status = (Status){0};
    CALL(FreeFn, "fn_free_journal", journal, &status);
    CALL(FreeFn, "fn_free_patientcompanion", companion, &status);
    key[0] ^= 1;
    open_in(dir, &status);
    check_problem("another key is refused", status, "wrong-passphrase");
    key[0] ^= 1;

    status = (Status){0};
    companion = open_in(dir, &status);
    journal = journal_of(companion, &status);
    given = CALL(HandleFn, "fn_clone_journal", journal, &status);
    Buffer entries = CALL(Buffer (*)(uint64_t, int64_t, int64_t, uint32_t, Status *), "fn_method_journal_entries",
                          given, 0, 4000000000000, 10, &status);
    check("the entry is there after opening again", !status.code && holds(entries, "zanzibar"));

    char path[4096];
    uint8_t head[16] = {0};
    snprintf(path, sizeof path, "%s/vault.db", dir);
    FILE *file = fopen(path, "rb");
    check("the file is not plain", file && fread(head, 1, 16, file) == 16 && memcmp(head, "SQLite format 3", 15));

    // Nobody listens at port 1: the runtime, the resolver and the HTTP client run, and say so.
    status = (Status){0};
    given = CALL(HandleFn, "fn_clone_patientcompanion", companion, &status);
    uint64_t sync = CALL(HandleFn, "fn_method_patientcompanion_sync", given, &status);
    uint64_t cancellation = CALL(uint64_t (*)(Status *), "fn_constructor_cancellation_new", &status);
    put("00000000000000000000000000VF", 28);
    Buffer invite = taken();
    put_u8(1), put_text("http://localhost:1");
    CALL(Buffer (*)(uint64_t, Buffer, Buffer, uint64_t, Status *), "fn_method_clinicsync_join", sync, invite, taken(),
         cancellation, &status);
    check_problem("a server that isn't there", status, "unreachable");

    printf("%d failed\n", failures);
    return failures != 0;
}
