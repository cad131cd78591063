/*
 * Opens files through io_uring, with the bare system calls: uring COMMAND FOLDER
 *   kinds   OPENAT of `made` and of `missing`, OPENAT2 that creates `made by uring`
 *   many    BATCH opens of `made` in one call, then again
 *   silent  an open whose success posts no completion, then closes that fail and reuse its request, then the same
 *           for an open that fails
 * Prints the results in the order of the requests; `-` for one without completion.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 100
#define ENTRIES 128

static int ring;
static struct io_uring_params params;
static char *rings;
static struct io_uring_sqe *requests;
static unsigned queued;

static unsigned *at(unsigned offset)
{
	return (unsigned *)(rings + offset);
}

static int set_up(void)
{
	ring = syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (ring < 0 || !(params.features & IORING_FEAT_SINGLE_MMAP))
		return -1;

	size_t size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	size_t array_end = params.sq_off.array + params.sq_entries * sizeof(unsigned);

	rings = mmap(NULL, size > array_end ? size : array_end, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	requests = mmap(NULL, params.sq_entries * sizeof(*requests), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	return rings == MAP_FAILED || requests == MAP_FAILED ? -1 : 0;
}

static struct io_uring_sqe *request(int operation)
{
	unsigned tail = *at(params.sq_off.tail), slot = tail & *at(params.sq_off.ring_mask);
	struct io_uring_sqe *sqe = &requests[slot];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = operation;
	sqe->fd = AT_FDCWD;
	sqe->user_data = queued++;
	at(params.sq_off.array)[slot] = slot;
	__atomic_store_n(at(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

static struct io_uring_sqe *open_request(const char *path, int flags, int mode)
{
	struct io_uring_sqe *sqe = request(IORING_OP_OPENAT);

	sqe->addr = (unsigned long)path;
	sqe->open_flags = flags;
	sqe->len = mode;
	return sqe;
}

/* Submits what is queued, waits for `expected` completions, and prints the results in order. */
static int submit(unsigned expected)
{
	int results[ENTRIES];
	char done[ENTRIES] = {};

	if (syscall(SYS_io_uring_enter, ring, queued, expected, IORING_ENTER_GETEVENTS, NULL, 0) != queued)
		return -1;
	for (unsigned head = *at(params.cq_off.head), i = 0; i < expected; i++, head++) {
		struct io_uring_cqe *cqes = (void *)(rings + params.cq_off.cqes);
		struct io_uring_cqe *cqe = &cqes[head & *at(params.cq_off.ring_mask)];

		results[cqe->user_data] = cqe->res;
		done[cqe->user_data] = 1;
		__atomic_store_n(at(params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; i < queued; i++)
		done[i] ? printf("%d\n", results[i]) : printf("-\n");
	queued = 0;
	return 0;
}

int main(int argc, char **argv)
{
	struct open_how how = { .flags = O_CREAT | O_RDWR, .mode = 0640 };
	int failed = 0;

	if (argc != 3 || chdir(argv[2]) || set_up())
		return 1;
	if (strcmp(argv[1], "kinds") == 0) {
		open_request("made", O_RDONLY, 0);
		open_request("missing", O_RDWR | O_CLOEXEC, 0);

		struct io_uring_sqe *sqe = request(IORING_OP_OPENAT2);

		sqe->addr = (unsigned long)"made by uring";
		sqe->addr2 = (unsigned long)&how;
		sqe->len = sizeof(how);
		failed = submit(3);
	} else if (strcmp(argv[1], "many") == 0) {
		for (int round = 0; round < 2 && !failed; round++) {
			for (int i = 0; i < BATCH; i++)
				open_request("made", O_RDONLY, 0);
			failed = submit(BATCH);
		}
	} else {
		open_request("made", O_RDONLY, 0)->flags = IOSQE_CQE_SKIP_SUCCESS;
		failed = submit(0);
		for (int i = 0; i < 8 && !failed; i++) {
			request(IORING_OP_CLOSE)->fd = 9999;
			failed = submit(1);
		}
		open_request("missing", O_RDONLY, 0)->flags = IOSQE_CQE_SKIP_SUCCESS;
		failed |= submit(1);
	}
	return failed ? 1 : 0;
}
