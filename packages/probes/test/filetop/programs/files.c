/*
 * Reads from files and writes to them, known amounts by known calls: `files DIRECTORY` waits for a line, makes the files `data` and `copied`
 * there, does all of it, and prints `done`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char bytes[4096];

static void need(long got, long wanted)
{
	if (got == wanted)
		return;
	fprintf(stderr, "got %ld, not %ld: %s\n", got, wanted, strerror(errno));
	exit(1);
}

static int make(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		need(fd, 0);
	return fd;
}

static void write_all_ways(int fd)
{
	struct iovec parts[] = {{bytes, 30}, {bytes, 40}};

	for (int i = 0; i < 10; i++)
		need(write(fd, bytes, 100), 100);
	for (int i = 0; i < 5; i++)
		need(pwrite(fd, bytes, 20, 0), 20);
	for (int i = 0; i < 3; i++)
		need(writev(fd, parts, 2), 70);
	for (int i = 0; i < 2; i++)
		need(pwritev(fd, parts, 2, 0), 70);
	need(pwritev2(fd, parts, 1, 0, RWF_DSYNC), 30);
}

static void read_all_ways(int fd)
{
	struct iovec parts[] = {{bytes, 10}, {bytes, 20}};

	need(lseek(fd, 0, SEEK_SET), 0);
	for (int i = 0; i < 7; i++)
		need(read(fd, bytes, 50), 50);
	for (int i = 0; i < 4; i++)
		need(pread(fd, bytes, 25, 0), 25);
	for (int i = 0; i < 2; i++)
		need(readv(fd, parts, 2), 30);
	for (int i = 0; i < 3; i++)
		need(preadv(fd, parts, 2, 0), 30);
	for (int i = 0; i < 2; i++)
		need(preadv2(fd, parts, 1, 0, RWF_HIPRI), 10);
	need(pread(fd, bytes, 10, 1 << 20), 0); /* behind the end */
}

/* Calls that fail. */
static void fail(const char *name)
{
	int fd = open(name, O_WRONLY);

	for (int i = 0; i < 9; i++)
		need(read(fd, bytes, 10), -1);
	close(fd);
}

static void copy(int from, int to)
{
	off_t offset = 0;
	loff_t start = 0;
	int ends[2];

	need(sendfile(to, from, &offset, 300), 300);
	need(copy_file_range(from, &start, to, NULL, 200, 0), 200);
	start = 0;
	need(pipe(ends), 0);
	need(splice(from, &start, ends[1], NULL, 100, 0), 100);
	need(splice(ends[0], NULL, to, NULL, 100, 0), 100);
}

/* From a 64-bit program too, int $0x80 is a 32-bit call. */
static void read32(int fd)
{
	void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int got;

	need(lseek(fd, 0, SEEK_SET), 0);
	for (int i = 0; i < 3; i++) {
		asm volatile("int $0x80"
			     : "=a"(got)
			     : "a"(3), "b"(fd), "c"(low), "d"(11)
			     : "memory", "r8", "r9", "r10", "r11");
		need(got, 11);
	}
}

static void use_ring(int fd, int opcode, int times, int length)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 8, &params);
	char *queues = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			    IORING_OFF_SQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, 8 * sizeof(*entries), PROT_READ | PROT_WRITE,
					    MAP_SHARED, ring, IORING_OFF_SQES);
	unsigned int *tail = (void *)(queues + params.sq_off.tail);
	unsigned int *head = (void *)(queues + params.cq_off.head);
	unsigned int *array = (void *)(queues + params.sq_off.array);
	struct io_uring_cqe *completions = (void *)(queues + params.cq_off.cqes);

	if (ring < 0)
		need(ring, 0);
	for (int i = 0; i < times; i++) {
		entries[0] = (struct io_uring_sqe){.opcode = opcode,
						   .fd = fd,
						   .addr = (unsigned long)bytes,
						   .len = length};
		array[*tail % 8] = 0;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		need(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
		need(completions[i].res, length);
		__atomic_store_n(head, i + 1, __ATOMIC_RELEASE);
	}
	close(ring);
}

int main(int argc, char **argv)
{
	char line[16];
	int data, copied, pair[2];

	if (!fgets(line, sizeof(line), stdin) || chdir(argv[1]))
		return 1;
	data = make("data");
	copied = make("copied");
	write_all_ways(data);
	read_all_ways(data);
	fail("data");
	copy(data, copied);
	read32(data);
	use_ring(data, IORING_OP_READ, 4, 64);
	use_ring(data, IORING_OP_WRITE, 2, 32);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	need(write(pair[0], bytes, 123), 123);
	need(read(pair[1], bytes, sizeof(bytes)), 123);
	puts("done");
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? 1 : 0;
}
