/* Stands between a process and the C library: numbers every call that changes a file below the watched roots,
 * and at the N-th kills the process, tears the write, or fails it. Calls that would reach a network are refused.
 *
 * Loaded with LD_PRELOAD, so it sees what SQLite does as well as what Python does. Nothing is numbered until
 * faults_arm() is called or the environment (FAULTS_ROOTS, FAULTS_LOG) arms it from the start. Each numbered call
 * is logged, before it is made, as "NUMBER\tNAME\tPATH[\tPATH]\n".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { RECORD, KILL, TEAR, FAIL_ONCE, FAIL_ON };
enum verdict { PASS, DENY, HALF };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char roots[8 * PATH_MAX];
static int armed, log_fd = -1, count, at, code;
static enum mode mode;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* roots_list: folders or files, separated by newlines. N is counted from 1. */
void faults_arm(const char *roots_list, int log, int n, int error, int what) {
    snprintf(roots, sizeof roots, "%s", roots_list);
    log_fd = log, count = 0, at = n, code = error, mode = what, armed = 1;
}

__attribute__((constructor)) static void arm_from_environment(void) {
    const char *watched = getenv("FAULTS_ROOTS"), *log = getenv("FAULTS_LOG");
    if (!watched || !log) return;
    int descriptor = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    faults_arm(watched, descriptor < 0 ? -1 : (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 500), 0, 0, RECORD);
}

static int watched(const char *path) {
    for (const char *root = roots; *root;) {
        size_t length = strcspn(root, "\n");
        /* A journal lies beside its database: a root is a prefix, whatever follows. */
        if (length && strncmp(path, root, length) == 0) return 1;
        root += length + (root[length] == '\n');
    }
    return 0;
}

static void path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void resolve(int folder, const char *name, char *path) {
    char base[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (folder != AT_FDCWD) path_of(folder, base);
    else if (!getcwd(base, sizeof base)) base[0] = 0;
    snprintf(path, PATH_MAX, "%.2000s/%.2000s", base, name);
}

static void note(const char *name, const char *path, const char *other) {
    char line[2 * PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%d\t%s\t%s%s%s\n", count, name, path, other ? "\t" : "", other ? other : "");
    if (log_fd >= 0) syscall(SYS_write, log_fd, line, length);
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* A full disk still lets go of files; one that fails in any other way lets nobody change anything. */
static int spared(const char *name) {
    return code == ENOSPC && (strncmp(name, "unlink", 6) == 0 || strncmp(name, "rmdir", 5) == 0);
}

static enum verdict judge(const char *name, const char *path, const char *other) {
    enum verdict verdict = PASS;
    if (!armed || !(watched(path) || (other && watched(other)))) return PASS;
    pthread_mutex_lock(&lock);
    count++;
    note(name, path, other);
    if (mode == KILL && count == at) die();
    if (mode == TEAR && count == at) verdict = HALF;
    if (mode == FAIL_ONCE && count == at) verdict = DENY;
    if (mode == FAIL_ON && at && count >= at && !spared(name)) verdict = count == at && code == ENOSPC ? HALF : DENY;
    pthread_mutex_unlock(&lock);
    return verdict;
}

static enum verdict judge_fd(const char *name, int fd) {
    char path[PATH_MAX];
    int before = errno;
    if (!armed) return PASS;
    path_of(fd, path);
    errno = before;
    return judge(name, path, NULL);
}

/* A call that cannot be done by halves is torn after it was done: the process dies before it hears of it. */
#define AROUND(judged, failure, call) do { \
    enum verdict now = (judged); \
    if (now == DENY || (now == HALF && mode == FAIL_ON)) { errno = code; return failure; } \
    __typeof__(call) result = (call); \
    if (now == HALF) die(); \
    return result; \
} while (0)

/* A write is torn in its middle; a disk that is full takes the half that still fits. */
#define WRITING(judged, size, call) do { \
    enum verdict now = (judged); \
    if (now == DENY) { errno = code; return -1; } \
    if (now == HALF && mode == FAIL_ON && (size) < 2) { errno = code; return -1; } \
    if (now == HALF) size /= 2; \
    ssize_t result = (call); \
    if (now == HALF && mode == TEAR) die(); \
    return result; \
} while (0)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    WRITING(judge_fd("write", fd), size, real(fd, data, size));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    REAL(pwrite);
    WRITING(judge_fd("pwrite", fd), size, real(fd, data, size, offset));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    REAL(pwrite64);
    WRITING(judge_fd("pwrite", fd), size, real(fd, data, size, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
    REAL(writev);
    AROUND(judge_fd("writev", fd), -1, real(fd, parts, number));
}

ssize_t pwritev(int fd, const struct iovec *parts, int number, off_t offset) {
    REAL(pwritev);
    AROUND(judge_fd("pwritev", fd), -1, real(fd, parts, number, offset));
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    REAL(sendfile);
    WRITING(judge_fd("sendfile", to), size, real(to, from, offset, size));
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
    REAL(sendfile64);
    WRITING(judge_fd("sendfile", to), size, real(to, from, offset, size));
}

ssize_t copy_file_range(int from, off64_t *at_from, int to, off64_t *at_to, size_t size, unsigned flags) {
    REAL(copy_file_range);
    WRITING(judge_fd("copy_file_range", to), size, real(from, at_from, to, at_to, size, flags));
}

/* Noted, not done: a process that dies loses nothing that it has written, and thousands of cases have no time. */

int fsync(int fd) {
    AROUND(judge_fd("fsync", fd), -1, 0);
}

int fdatasync(int fd) {
    AROUND(judge_fd("fdatasync", fd), -1, 0);
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    AROUND(judge_fd("ftruncate", fd), -1, real(fd, size));
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    AROUND(judge_fd("ftruncate", fd), -1, real(fd, size));
}

int fallocate(int fd, int how, off_t offset, off_t size) {
    REAL(fallocate);
    AROUND(judge_fd("fallocate", fd), -1, real(fd, how, offset, size));
}

int fallocate64(int fd, int how, off64_t offset, off64_t size) {
    REAL(fallocate64);
    AROUND(judge_fd("fallocate", fd), -1, real(fd, how, offset, size));
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    REAL(posix_fallocate);
    AROUND(judge_fd("fallocate", fd), code, real(fd, offset, size));
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    REAL(posix_fallocate64);
    AROUND(judge_fd("fallocate", fd), code, real(fd, offset, size));
}

/* A page changed through a mapping makes no call: none may be mapped for that. */
static void watch_mapping(int fd, int protection, int flags) {
    if (fd >= 0 && (protection & PROT_WRITE) && (flags & MAP_SHARED)) judge_fd("mmap", fd);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    REAL(mmap);
    watch_mapping(fd, protection, flags);
    return real(address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset) {
    REAL(mmap64);
    watch_mapping(fd, protection, flags);
    return real(address, size, protection, flags, fd, offset);
}

static enum verdict judge_open(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    struct stat found;
    if (!armed || !(flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))) return PASS;
    resolve(folder, name, path);
    int before = errno, is_new = (flags & O_CREAT) && stat(path, &found) != 0;
    errno = before;
    return judge(is_new ? "create" : flags & O_TRUNC ? "open O_TRUNC" : "open", path, NULL);
}

#define MODE_OF(flags) \
    mode_t permissions = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, flags); \
        permissions = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

int open(const char *name, int flags, ...) {
    REAL(open);
    MODE_OF(flags);
    AROUND(judge_open(AT_FDCWD, name, flags), -1, real(name, flags, permissions));
}

int open64(const char *name, int flags, ...) {
    REAL(open64);
    MODE_OF(flags);
    AROUND(judge_open(AT_FDCWD, name, flags), -1, real(name, flags, permissions));
}

int openat(int folder, const char *name, int flags, ...) {
    REAL(openat);
    MODE_OF(flags);
    AROUND(judge_open(folder, name, flags), -1, real(folder, name, flags, permissions));
}

int openat64(int folder, const char *name, int flags, ...) {
    REAL(openat64);
    MODE_OF(flags);
    AROUND(judge_open(folder, name, flags), -1, real(folder, name, flags, permissions));
}

static enum verdict judge_name(const char *call, int folder, const char *name) {
    char path[PATH_MAX];
    if (!armed) return PASS;
    resolve(folder, name, path);
    return judge(call, path, NULL);
}

static enum verdict judge_names(const char *call, int folder, const char *name, int to_folder, const char *to) {
    char path[PATH_MAX], other[PATH_MAX];
    if (!armed) return PASS;
    resolve(folder, name, path);
    resolve(to_folder, to, other);
    return judge(call, path, other);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    AROUND(judge_names("rename", AT_FDCWD, from, AT_FDCWD, to), -1, real(from, to));
}

int renameat(int folder, const char *from, int to_folder, const char *to) {
    REAL(renameat);
    AROUND(judge_names("rename", folder, from, to_folder, to), -1, real(folder, from, to_folder, to));
}

int renameat2(int folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(renameat2);
    AROUND(judge_names("rename", folder, from, to_folder, to), -1, real(folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to) {
    REAL(link);
    AROUND(judge_names("link", AT_FDCWD, from, AT_FDCWD, to), -1, real(from, to));
}

int linkat(int folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(linkat);
    AROUND(judge_names("link", folder, from, to_folder, to), -1, real(folder, from, to_folder, to, flags));
}

int unlink(const char *name) {
    REAL(unlink);
    AROUND(judge_name("unlink", AT_FDCWD, name), -1, real(name));
}

int unlinkat(int folder, const char *name, int flags) {
    REAL(unlinkat);
    AROUND(judge_name(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, name), -1, real(folder, name, flags));
}

int rmdir(const char *name) {
    REAL(rmdir);
    AROUND(judge_name("rmdir", AT_FDCWD, name), -1, real(name));
}

int mkdir(const char *name, mode_t permissions) {
    REAL(mkdir);
    AROUND(judge_name("mkdir", AT_FDCWD, name), -1, real(name, permissions));
}

int mkdirat(int folder, const char *name, mode_t permissions) {
    REAL(mkdirat);
    AROUND(judge_name("mkdir", folder, name), -1, real(folder, name, permissions));
}

/* The network: noted, numbered or not, and refused. */

static int refuse(const char *name) {
    if (armed) note(name, "network", NULL);
    errno = EACCES;
    return -1;
}

int socket(int domain, int type, int protocol) {
    (void)domain, (void)type, (void)protocol;
    return refuse("socket");
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    (void)fd, (void)address, (void)length;
    return refuse("connect");
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
    (void)fd, (void)data, (void)size, (void)flags, (void)address, (void)length;
    return refuse("sendto");
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    (void)fd, (void)message, (void)flags;
    return refuse("sendmsg");
}
