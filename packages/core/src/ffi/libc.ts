import { lazily, loadLibrary } from "./library.js";

/** The C library's functions under their own names. */
export const libc = lazily(() => {
  const lib = loadLibrary("libc.so.6", "libc6");
  return {
    close: lib.func("int close(int fd)"),
    clock_gettime: lib.func("int clock_gettime(int clock, _Out_ int64_t *timespec)"),
    connect: lib.func("int connect(int fd, const void *address, uint32_t length)"),
    fallocate: lib.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)"),
    flock: lib.func("int flock(int fd, int operation)"),
    ioctl: lib.func("int ioctl(int fd, unsigned long request)"),
    mmap: lib.func("void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)"),
    munmap: lib.func("int munmap(void *addr, size_t length)"),
    name_to_handle_at: lib.func(
      "int name_to_handle_at(int dirfd, const char *pathname, _Inout_ void *handle, _Out_ int *mount_id, int flags)",
    ),
    membarrier: lib.func("syscall", "long", ["long", "int", "uint", "int"]),
    pthread_sigmask: lib.func("int pthread_sigmask(int how, const void *set, _Out_ void *old)"),
    setsockopt: lib.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)"),
    socket: lib.func("int socket(int domain, int type, int protocol)"),
    syscall: lib.func("long syscall(long number, void *a, long b, long c, long d, long e)"),
    sigaction: lib.func("int sigaction(int signal, const void *action, _Out_ void *old)"),
    vsnprintf: lib.func("int vsnprintf(_Out_ void *buffer, size_t size, const void *format, void *args)"),
  };
});
