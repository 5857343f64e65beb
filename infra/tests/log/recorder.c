// A file layer that writes down what a program does to the files of one directory, in one order with what it says on
// standard output. Loaded before libc. From the record, the test rebuilds what a disk would hold that kept only what was synced.
//
// RECORDER_DIR       files under this directory are recorded (shared-memory files are not: they never outlive a crash)
// RECORDER_OUT       where the record goes
// RECORDER_FAIL_SYNC the so many-th sync of a file whose name has ".db" fails, as does every later one
// RECORDER_FULL      after so many bytes every write into such a file fails, as on a full disk
//
// One entry: op (1 byte), path length (4), offset (8), data length (4), path, data; little endian.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 4096
static char *paths[FILES];
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static int out = -1;
static const char *dir;
static long fail_sync = -1, full = -1, syncs, written;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *to = getenv("RECORDER_OUT");
    dir = getenv("RECORDER_DIR");
    if (getenv("RECORDER_FAIL_SYNC")) fail_sync = atol(getenv("RECORDER_FAIL_SYNC"));
    if (getenv("RECORDER_FULL")) full = atol(getenv("RECORDER_FULL"));
    if (dir && to) out = REAL(open)(to, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static void all(const void *bytes, size_t size) {
    while (size > 0) {
        ssize_t done = REAL(write)(out, bytes, size);
        if (done <= 0) abort();
        bytes = (const char *)bytes + done;
        size -= done;
    }
}

static void record(char op, const char *path, uint64_t offset, const void *data, uint32_t size) {
    if (out < 0) return;
    uint32_t length = strlen(path);
    char head[17] = {op};
    memcpy(head + 1, &length, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &size, 4);
    all(head, sizeof head);
    all(path, length);
    if (size) all(data, size);
}

static int watched(const char *path) {
    size_t length = strlen(path);
    return dir && !strncmp(path, dir, strlen(dir)) && !(length > 4 && !strcmp(path + length - 4, "-shm"));
}
static const char *path_of(int fd) { return fd >= 0 && fd < FILES ? paths[fd] : NULL; }
static int is_db(const char *path) { return strstr(path, ".db") != NULL; }

static int opened(int fd, const char *path, int was_there) {
    if (fd >= 0 && fd < FILES && watched(path)) {
        free(paths[fd]);
        paths[fd] = strdup(path);
        if (!was_there) record('C', path, 0, NULL, 0);
    }
    return fd;
}

#define OPEN(name)                                                                                     \
    int name(const char *path, int flags, ...) {                                                       \
        va_list rest;                                                                                  \
        va_start(rest, flags);                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                            \
        va_end(rest);                                                                                  \
        pthread_mutex_lock(&one);                                                                      \
        int was_there = access(path, F_OK) == 0;                                                       \
        int fd = opened(REAL(name)(path, flags, mode), path, was_there);                               \
        if (fd >= 0 && was_there && (flags & O_TRUNC) && path_of(fd)) record('T', path, 0, NULL, 0);   \
        pthread_mutex_unlock(&one);                                                                    \
        return fd;                                                                                     \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    pthread_mutex_lock(&one);
    if (path_of(fd)) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&one);
    return done;
}

static int no_room(const char *path, size_t size) {
    if (full < 0 || !is_db(path)) return 0;
    written += size;
    return written > full;
}

ssize_t write(int fd, const void *data, size_t size) {
    pthread_mutex_lock(&one);
    const char *path = path_of(fd);
    ssize_t done;
    if (path && no_room(path, size)) {
        errno = ENOSPC;
        done = -1;
    } else {
        off_t at = path ? lseek(fd, 0, SEEK_CUR) : 0;
        done = REAL(write)(fd, data, size);
        if (path && done > 0) record('W', path, at, data, done);
        if (fd == 1 && done > 0) record('A', "", 0, data, done);
    }
    pthread_mutex_unlock(&one);
    return done;
}

#define PWRITE(name, offset_type)                                               \
    ssize_t name(int fd, const void *data, size_t size, offset_type at) {       \
        pthread_mutex_lock(&one);                                               \
        const char *path = path_of(fd);                                         \
        ssize_t done = -1;                                                      \
        if (path && no_room(path, size)) {                                      \
            errno = ENOSPC;                                                     \
        } else {                                                                \
            done = REAL(name)(fd, data, size, at);                              \
            if (path && done > 0) record('W', path, at, data, done);            \
        }                                                                       \
        pthread_mutex_unlock(&one);                                             \
        return done;                                                            \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset_type)                                             \
    int name(int fd, offset_type size) {                                        \
        pthread_mutex_lock(&one);                                               \
        int done = REAL(name)(fd, size);                                        \
        if (done == 0 && path_of(fd)) record('T', path_of(fd), size, NULL, 0);  \
        pthread_mutex_unlock(&one);                                             \
        return done;                                                            \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

// The disk itself is not waited for: what counts as kept is what the record says.
static int sync_of(int fd) {
    pthread_mutex_lock(&one);
    const char *path = path_of(fd);
    int done = 0;
    if (path) {
        struct stat found;
        int is_dir = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode);
        if (fail_sync >= 0 && is_db(path) && ++syncs >= fail_sync) {
            errno = EIO;
            done = -1;
        } else {
            record(is_dir ? 'D' : 'S', path, 0, NULL, 0);
        }
    }
    pthread_mutex_unlock(&one);
    return done;
}
int fsync(int fd) { return sync_of(fd); }
int fdatasync(int fd) { return sync_of(fd); }

int unlink(const char *path) {
    pthread_mutex_lock(&one);
    int done = REAL(unlink)(path);
    if (done == 0 && watched(path)) record('U', path, 0, NULL, 0);
    pthread_mutex_unlock(&one);
    return done;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&one);
    int done = REAL(rename)(from, to);
    if (done == 0 && watched(from)) record('R', from, 0, to, strlen(to));
    pthread_mutex_unlock(&one);
    return done;
}
