/*
 * A shell for sockets. Reads commands, one per line, and answers each with a number: the result
 * of the call, or the negative error number. It makes raw calls only, so that a test knows which
 * one ran.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un unix_;
};

static socklen_t parse(union address *address, const char *text, int port)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		return sizeof(address->v4);
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) != 1)
		abort();
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port);
	return sizeof(address->v6);
}

static long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

static long local_port(int fd)
{
	union address address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, &address.any, &length))
		return -errno;
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* From a 64-bit program too, int $0x80 is a 32-bit call. */
static long call32(long number, long a, long b, long c, long d)
{
	long returned;

	asm volatile("int $0x80"
		     : "=a"(returned)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)returned;
}

static long socketcall32(int call, const int *arguments, int count)
{
	static unsigned int *low; /* memory that a 32-bit pointer reaches */

	if (!low)
		low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	for (int i = 0; i < count; i++)
		low[i] = arguments[i];
	return call32(102, call, (long)low, 0, 0);
}

static long unix_peer(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
	union address address = {.unix_ = {.sun_family = AF_UNIX}};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strncpy(address.unix_.sun_path, path, sizeof(address.unix_.sun_path) - 1);
	return use(fd, &address.any, sizeof(address.unix_)) ? -errno : fd;
}

/* Sends or receives a descriptor with a datagram of one byte. */
static long pass(int by, int fd, bool give)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};

	if (!give) {
		if (recvmsg(by, &message, 0) < 0)
			return -errno;
		return *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message));
	}
	CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)CMSG_DATA(CMSG_FIRSTHDR(&message)) = fd;
	return result(sendmsg(by, &message, 0));
}

/* One ring, with one request under way at a time; a multishot stays. */
static struct {
	int fd;
	struct io_uring_params params;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
} ring;

#define RING_SIZE 65536
#define ENTRIES_SIZE (8 * sizeof(struct io_uring_sqe))

#define SQ(field) ((unsigned int *)(ring.submissions + ring.params.sq_off.field))
#define CQ(field) ((unsigned int *)(ring.completions + ring.params.cq_off.field))

static long ring_open(unsigned int flags)
{
	int files[4] = {-1, -1, -1, -1};

	memset(&ring, 0, sizeof(ring));
	ring.params.flags = flags;
	ring.fd = syscall(SYS_io_uring_setup, 8, &ring.params);
	if (ring.fd < 0)
		return -errno;
	ring.submissions =
		mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.completions =
		mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.entries =
		mmap(NULL, ENTRIES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	return result(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, files, 4));
}

/* The kernel frees the ring later, when all its requests have ended. */
static long ring_close(void)
{
	munmap(ring.submissions, RING_SIZE);
	munmap(ring.completions, RING_SIZE);
	munmap(ring.entries, ENTRIES_SIZE);
	return result(close(ring.fd));
}

static long ring_submit(struct io_uring_sqe entry)
{
	unsigned int tail = *SQ(tail);

	ring.entries[tail & *SQ(ring_mask)] = entry;
	SQ(array)[tail & *SQ(ring_mask)] = tail & *SQ(ring_mask);
	__atomic_store_n(SQ(tail), tail + 1, __ATOMIC_RELEASE);
	return result(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0));
}

static long ring_next(void)
{
	unsigned int head = *CQ(head);
	long returned;

	while (head == __atomic_load_n(CQ(tail), __ATOMIC_ACQUIRE))
		if (syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) <
			    0 &&
		    errno != EINTR)
			return -errno;
	returned = ((struct io_uring_cqe *)CQ(cqes))[head & *CQ(ring_mask)].res;
	__atomic_store_n(CQ(head), head + 1, __ATOMIC_RELEASE);
	return returned;
}

/* Makes completions that nobody takes, until there is no room for another. */
static long ring_fill(void)
{
	for (unsigned int i = 0; i < ring.params.cq_entries; i++)
		if (ring_submit((struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 6}) < 0)
			return -errno;
	return ring.params.cq_entries;
}

static long ring_accept(int fd, unsigned int file_slot, int flags, int name)
{
	return ring_submit((struct io_uring_sqe){.opcode = IORING_OP_ACCEPT,
						 .fd = fd,
						 .ioprio = flags,
						 .file_index = file_slot,
						 .user_data = name ? name : 7});
}

static long ring_read(int fd)
{
	static char room[4096];

	return ring_submit((struct io_uring_sqe){.opcode = IORING_OP_RECV,
						 .fd = fd,
						 .addr = (unsigned long)room,
						 .len = sizeof(room),
						 .user_data = 9});
}

static long ring_connect(int fd, const char *text, int port)
{
	static union address address;
	socklen_t length = parse(&address, text, port);

	return ring_submit((struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
						 .fd = fd,
						 .addr = (unsigned long)&address,
						 .off = length,
						 .user_data = 8});
}

static size_t bytes_of(unsigned char *bytes, const char *hex)
{
	size_t size = strlen(hex) / 2;

	for (size_t i = 0; i < size; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	return size;
}

static long send_hex(int fd, const char *text, int port, const char *hex)
{
	static unsigned char bytes[8192];
	union address address;
	socklen_t length = parse(&address, text, port);
	size_t size = bytes_of(bytes, hex);

	return result(sendto(fd, bytes, size, 0, &address.any, length));
}

/* Sends a datagram to a DNS server with the given call; with sendmmsg, a second one too. */
static long send_query(int fd, const char *call, const char *server, const char *hex)
{
	static unsigned char bytes[8192];
	union address address;
	socklen_t length = parse(&address, server, 53);
	size_t size = bytes_of(bytes, hex);
	struct iovec part = {bytes, size};
	struct mmsghdr messages[2] = {};

	for (int i = 0; i < 2; i++)
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
	if (!strcmp(call, "write"))
		return result(write(fd, bytes, size));
	if (!strcmp(call, "sendmsg"))
		return result(sendmsg(fd, &messages[0].msg_hdr, 0));
	if (!strcmp(call, "sendmmsg"))
		return result(sendmmsg(fd, messages, 2, 0));
	return result(sendto(fd, bytes, size, 0, &address.any, length));
}

/* Receives a datagram with the given call. A message has room for the peer's address, and two
 * parts, of which one takes everything. */
static long receive(int fd, const char *call)
{
	static char room[8192], rest[16];
	union address peer;
	socklen_t length = sizeof(peer);
	struct iovec parts[] = {{room, sizeof(room)}, {rest, sizeof(rest)}};
	struct mmsghdr messages[2] = {};

	for (int i = 0; i < 2; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_name = &peer,
						      .msg_namelen = length,
						      .msg_iov = parts,
						      .msg_iovlen = 2};
	if (!strcmp(call, "read"))
		return result(read(fd, room, sizeof(room)));
	if (!strcmp(call, "recvmsg"))
		return result(recvmsg(fd, &messages[0].msg_hdr, 0));
	if (!strcmp(call, "recvmmsg"))
		return result(recvmmsg(fd, messages, 2, MSG_WAITFORONE, NULL));
	return result(recvfrom(fd, room, sizeof(room), 0, &peer.any, &length));
}

/* Makes COUNT connections, one after the other; the peer closes each first. Returns how many
 * were made. */
static long many(const char *text, int port, int count)
{
	union address address;
	socklen_t length = parse(&address, text, port);
	char byte;
	long made = 0;

	for (int i = 0; i < count; i++) {
		int fd = socket(address.any.sa_family, SOCK_STREAM, 0);

		if (!connect(fd, &address.any, length) && read(fd, &byte, 1) == 0)
			made++;
		close(fd);
	}
	return made;
}

/* The other end: accepts COUNT connections and closes each. */
static long serve(int listener, int count)
{
	long served = 0;

	for (; served < count; served++) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	return served;
}

/* Sends COUNT bytes. Returns how many were sent. */
static long give_bytes(int fd, long count)
{
	static const char bytes[65536];
	long given = 0;

	while (given < count) {
		long left = count - given;
		long sent = send(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes),
				 MSG_NOSIGNAL);

		if (sent < 0)
			return -errno;
		given += sent;
	}
	return given;
}

/* Receives COUNT bytes, or fewer if the end comes first. */
static long take_bytes(int fd, long count)
{
	static char room[65536];
	long taken = 0, got = 1;

	while (taken < count && got > 0) {
		long left = count - taken;

		got = recv(fd, room, left < sizeof(room) ? left : sizeof(room), 0);
		if (got < 0)
			return -errno;
		taken += got;
	}
	return taken;
}

static long wait_for(int fd, short what)
{
	struct pollfd one = {.fd = fd, .events = what};

	return poll(&one, 1, 10000) == 1 ? one.revents : -ETIMEDOUT;
}

static long obey(char *line)
{
	char *word = strtok(line, " \n"), *given[4] = {};
	union address address;
	socklen_t length;
	int number[4] = {}, on = 1;

	for (int i = 0; i < 4 && (given[i] = strtok(NULL, " \n")); i++)
		number[i] = atoi(given[i]);
	int fd = number[0];
#define IS(name) (!strcmp(word, name))
	if (IS("socket")) /* VERSION [NONBLOCK [PROTOCOL]] */
		return result(socket(fd == 4 ? AF_INET : AF_INET6,
				     SOCK_STREAM | (number[1] ? SOCK_NONBLOCK : 0), number[2]));
	if (IS("bind")) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		length = parse(&address, given[1], number[2]);
		return result(bind(fd, &address.any, length));
	}
	if (IS("listen"))
		return listen(fd, number[1] ? number[1] : 128) ? -errno : local_port(fd);
	if (IS("port"))
		return local_port(fd);
	if (IS("connect")) {
		length = parse(&address, given[1], number[2]);
		return result(connect(fd, &address.any, length));
	}
	if (IS("disconnect"))
		return result(connect(fd, &(struct sockaddr){.sa_family = AF_UNSPEC},
				      sizeof(struct sockaddr)));
	if (IS("fastopen")) {
		length = parse(&address, given[1], number[2]);
		return result(sendto(fd, "x", 1, MSG_FASTOPEN, &address.any, length));
	}
	if (IS("accept"))
		return result(syscall(SYS_accept, fd, NULL, NULL));
	if (IS("accept4"))
		return result(syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC));
	if (IS("accept4-32"))
		return call32(364, fd, 0, 0, 0);
	if (IS("socketcall-accept-32"))
		return socketcall32(5, (int[]){fd, 0, 0}, 3);
	if (IS("socketcall-accept4-32"))
		return socketcall32(18, (int[]){fd, 0, 0, 0}, 4);
	if (IS("shutdown"))
		return result(shutdown(fd, number[1]));
	if (IS("linger"))
		return result(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, number[1]},
					 sizeof(struct linger)));
	if (IS("tries"))
		return result(setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &number[1], sizeof(int)));
	if (IS("accept-fastopen"))
		return result(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &(int){16}, sizeof(int)));
	if (IS("write"))
		return result(send(fd, given[1], strlen(given[1]), MSG_NOSIGNAL));
	if (IS("read"))
		return result(read(fd, (char[4096]){}, 4096));
	if (IS("give-bytes"))
		return give_bytes(fd, number[1]);
	if (IS("take-bytes"))
		return take_bytes(fd, number[1]);
	if (IS("peek"))
		return result(recv(fd, (char[4096]){}, number[1], MSG_PEEK));
	if (IS("send-file"))
		return result(sendfile(fd, open(given[1], O_RDONLY), NULL, number[2]));
	if (IS("readable"))
		return wait_for(fd, POLLIN);
	if (IS("writable"))
		return wait_for(fd, POLLOUT);
	if (IS("hung-up"))
		return wait_for(fd, POLLRDHUP);
	if (IS("close"))
		return result(close(fd));
	if (IS("mailbox"))
		return unix_peer(given[0], bind);
	if (IS("mail-to"))
		return unix_peer(given[0], connect);
	if (IS("give"))
		return pass(fd, number[1], true);
	if (IS("take"))
		return pass(fd, 0, false);
	if (IS("ring"))
		return ring_open(fd);
	if (IS("ring-connect"))
		return ring_connect(fd, given[1], number[2]);
	if (IS("ring-accept"))
		return ring_accept(fd, number[1], 0, number[2]);
	if (IS("ring-multishot")) /* FD [SLOT [NAME]] */
		return ring_accept(fd, number[1], IORING_ACCEPT_MULTISHOT, number[2]);
	if (IS("ring-read"))
		return ring_read(fd);
	if (IS("ring-next"))
		return ring_next();
	if (IS("ring-close"))
		return ring_close();
	if (IS("ring-fill"))
		return ring_fill();
	if (IS("udp"))
		return result(socket(AF_INET, SOCK_DGRAM, 0));
	if (IS("send-hex"))
		return send_hex(fd, given[1], number[2], given[3]);
	if (IS("send")) /* FD CALL SERVER HEX */
		return send_query(fd, given[1], given[2], given[3]);
	if (IS("receive"))
		return receive(fd, given[1]);
	if (IS("many"))
		return many(given[0], number[1], number[2]);
	if (IS("serve"))
		return serve(fd, number[1]);
	if (IS("fork-and-exit")) { /* a child that has all sockets ends last; the parent closes this one */
		int barrier[2];

		if (pipe(barrier))
			return -errno;
		if (fork() == 0) {
			close(barrier[1]);
			_exit(read(barrier[0], &on, 1));
		}
		close(barrier[0]);
		close(fd);
		close(barrier[1]);
		return wait(NULL);
	}
	if (IS("exit"))
		exit(0);
	return -ENOSYS;
}

int main(void)
{
	char line[20000];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		printf("%ld\n", obey(line));
	return 0;
}
