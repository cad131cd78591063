/*
 * Attacks of a process without privileges on a tracer's memory: attacks NAME COUNT.
 *   opens      COUNT opens through io_uring that wait for a pipe
 *   crowded    COUNT opens through a ring that has no room for their completions
 *   batch      COUNT opens of / that io_uring takes in one call, then their results, one in a line
 *   accepts    COUNT requests of io_uring that accept many times
 *   sessions   COUNT connections with itself, in as many processes as that takes
 *   dns        COUNT packets of 4 KiB to a DNS server, once a line is read
 * It becomes the user nobody, prints `ready COUNT` with the number that it could get, and ends
 * with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define ENTRIES 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void become_nobody(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		die("setuid");
	/* Ends with its parent, though it now has other ids. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

struct ring {
	int fd;
	struct io_uring_params params;
	char *submissions;
	struct io_uring_sqe *entries;
};

#define FIELD(ring, queue, name) ((unsigned int *)((ring)->submissions + (ring)->params.queue.name))

static void ring_open(struct ring *ring, unsigned int entries)
{
	size_t size;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, entries, &ring->params);
	if (ring->fd < 0)
		die("io_uring_setup");
	size = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	if (size < ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned int))
		size = ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned int);
	ring->submissions =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, ring->params.sq_entries * sizeof(*ring->entries),
			     PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (ring->submissions == MAP_FAILED || ring->entries == MAP_FAILED)
		die("mmap");
}

static void ring_put(struct ring *ring, struct io_uring_sqe entry)
{
	unsigned int tail = *FIELD(ring, sq_off, tail);
	unsigned int at = tail & *FIELD(ring, sq_off, ring_mask);

	ring->entries[at] = entry;
	FIELD(ring, sq_off, array)[at] = at;
	__atomic_store_n(FIELD(ring, sq_off, tail), tail + 1, __ATOMIC_RELEASE);
}

static void ring_submit(struct ring *ring, unsigned int count, unsigned int wait)
{
	if (syscall(SYS_io_uring_enter, ring->fd, count, wait, wait ? IORING_ENTER_GETEVENTS : 0,
		    NULL, 0) != count)
		die("io_uring_enter");
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static struct io_uring_sqe open_of(const char *path)
{
	return (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
				     .fd = AT_FDCWD,
				     .addr = (unsigned long)path,
				     .open_flags = O_RDONLY | O_CLOEXEC};
}

/* Each chain begins with a read that never ends. */
static unsigned int opens(unsigned int count)
{
	int pipe_ends[2];
	static char byte;
	struct ring ring;

	if (pipe(pipe_ends))
		die("pipe");
	ring_open(&ring, ENTRIES);
	for (unsigned int left = count; left > 0;) {
		unsigned int chain = least(left, ENTRIES - 1);

		ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_READ,
						      .flags = IOSQE_IO_LINK,
						      .fd = pipe_ends[0],
						      .addr = (unsigned long)&byte,
						      .len = 1});
		for (unsigned int i = 0; i < chain; i++) {
			struct io_uring_sqe entry = open_of("/");

			entry.flags = i + 1 < chain ? IOSQE_IO_LINK : 0;
			ring_put(&ring, entry);
		}
		ring_submit(&ring, chain + 1, 0);
		left -= chain;
	}
	return count;
}

static unsigned int crowded(unsigned int count)
{
	struct ring ring;

	ring_open(&ring, 1);
	for (unsigned int i = 0; i < ring.params.cq_entries; i++) {
		ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_NOP});
		ring_submit(&ring, 1, 0);
	}
	for (unsigned int i = 0; i < count; i++) {
		struct io_uring_sqe entry = open_of("/");

		entry.user_data = i + 1;
		ring_put(&ring, entry);
		ring_submit(&ring, 1, 0);
	}
	return count;
}

static void batch(unsigned int count)
{
	struct ring ring;
	struct io_uring_cqe *completions;
	unsigned int head;

	ring_open(&ring, count);
	for (unsigned int i = 0; i < count; i++)
		ring_put(&ring, open_of("/"));
	ring_submit(&ring, count, count);
	completions = (void *)(ring.submissions + ring.params.cq_off.cqes);
	head = *FIELD(&ring, cq_off, head);
	for (unsigned int i = 0; i < count; i++)
		printf("%d\n", completions[(head + i) & *FIELD(&ring, cq_off, ring_mask)].res);
}

static int listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (void *)address, length) || listen(fd, 4096) ||
	    getsockname(fd, (void *)address, &length))
		die("listen");
	return fd;
}

static unsigned int accepts(unsigned int count)
{
	struct sockaddr_in address;
	int fd = listener(&address);
	struct ring ring;

	ring_open(&ring, ENTRIES);
	for (unsigned int left = count; left > 0;) {
		unsigned int many = least(left, ENTRIES);

		for (unsigned int i = 0; i < many; i++)
			ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_ACCEPT,
							      .fd = fd,
							      .ioprio = IORING_ACCEPT_MULTISHOT,
							      .user_data = left - i});
		ring_submit(&ring, many, 0);
		left -= many;
	}
	return count;
}

static unsigned int hold_sessions(unsigned int count)
{
	struct sockaddr_in address;
	int server = listener(&address);
	unsigned int made = 0;

	while (made < count) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		/* They are reset when it ends, so that none lingers in this machine. */
		if (fd < 0 ||
		    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger)) ||
		    connect(fd, (void *)&address, sizeof(address)) ||
		    accept(server, NULL, NULL) < 0)
			break;
		made++;
	}
	return made;
}

static unsigned int sessions(unsigned int count)
{
	struct rlimit files;
	unsigned int each, made = 0, part;
	int report[2];

	getrlimit(RLIMIT_NOFILE, &files);
	each = least((files.rlim_cur - 16) / 2, 14000); /* a port for each, of those that are given out */
	if (pipe(report))
		die("pipe");
	for (unsigned int left = count; left > 0; left -= least(left, each)) {
		if (fork() == 0) {
			part = hold_sessions(least(left, each));
			if (write(report[1], &part, sizeof(part)) != sizeof(part))
				die("write");
			while (getchar() != EOF)
				;
			exit(0);
		}
		if (read(report[0], &part, sizeof(part)) != sizeof(part))
			die("read");
		made += part;
	}
	return made;
}

static void dns(unsigned int count)
{
	static char packet[4096];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(53),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (unsigned int i = 0; i < count; i++)
		sendto(fd, packet, sizeof(packet), 0, (void *)&address, sizeof(address));
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 3 ? atoi(argv[2]) : 0, made = 0;

	if (!count)
		return 2;
	become_nobody();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(argv[1], "opens"))
		made = opens(count);
	else if (!strcmp(argv[1], "crowded"))
		made = crowded(count);
	else if (!strcmp(argv[1], "accepts"))
		made = accepts(count);
	else if (!strcmp(argv[1], "sessions"))
		made = sessions(count);
	else if (!strcmp(argv[1], "batch") || !strcmp(argv[1], "dns")) {
		printf("ready %u\n", count);
		while (getchar() != '\n')
			;
		(*argv[1] == 'b' ? batch : dns)(count);
		return 0;
	} else
		return 2;
	printf("ready %u\n", made);
	while (getchar() != EOF)
		;
	while (wait(NULL) > 0)
		;
	return 0;
}
