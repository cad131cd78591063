/*
 * Execs a file: exec [-t] HOW FILE [ARGUMENT...]. -t does it in a thread that is not the leader.
 * The arguments, the program's name for itself among them, are bytes in hexadecimal, or
 * `*N` for N letters, `@` for an address where nothing is, `~` for a string that is in memory
 * only when somebody touches it. FILE may be `@` too. Where it fails: prints thread and result.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOWHERE ((char *)16)

static const char *how, *file;
static char **list;
static int count;

/* Memory that is there, at addresses that 32-bit calls can name. */
static void *low(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_POPULATE, -1, 0);
}

static char *untouched(void)
{
	int self = open("/proc/self/exe", O_RDONLY);

	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, self, 0);
}

static char *argument(const char *said)
{
	if (*said == '@')
		return NOWHERE;
	if (*said == '~')
		return untouched();
	if (*said == '*')
		return memset(low(atoi(said + 1) + 1), 'x', atoi(said + 1));

	size_t length = strlen(said) / 2;
	char *bytes = low(length + 1), digits[3] = "";

	for (size_t i = 0; i < length; i++) {
		memcpy(digits, said + 2 * i, 2);
		bytes[i] = strtol(digits, NULL, 16);
	}
	return bytes;
}

static long int80(void)
{
	unsigned int *narrow = low((count + 1) * sizeof(*narrow));
	long ret;

	for (int i = 0; i < count; i++)
		narrow[i] = (unsigned long)list[i];
	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(11), "b"(strcpy(low(4096), file)), "c"(narrow), "d"(0)
		     : "r8", "r9", "r10", "r11", "memory");
	errno = -ret;
	return -1;
}

/* A copy of the file that has no name. */
static int copy_in_memory(void)
{
	int from = open(file, O_RDONLY), to = memfd_create("a copy", 0);

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	return to;
}

static long at(int directory, const char *name, int flags)
{
	return syscall(SYS_execveat, directory, name, list, environ, flags);
}

static long do_exec(void)
{
	char copy[4096];

	if (file == NOWHERE || strcmp(how, "execve") == 0)
		return syscall(SYS_execve, file, list, environ);
	if (strcmp(how, "no-list") == 0)
		return syscall(SYS_execve, file, NULL, environ);
	if (strcmp(how, "bad-list") == 0)
		return syscall(SYS_execve, file, NOWHERE, environ);
	if (strcmp(how, "int80") == 0)
		return int80();
	if (strcmp(how, "path") == 0)
		return at(AT_FDCWD, file, 0);
	if (strcmp(how, "memory") == 0)
		return at(copy_in_memory(), "", AT_EMPTY_PATH);
	if (strcmp(how, "proc") == 0) {
		snprintf(copy, sizeof(copy), "/proc/self/fd/%d", open(file, O_PATH));
		return syscall(SYS_execve, copy, list, environ);
	}
	if (strcmp(how, "descriptor") == 0)
		return at(open(file, O_PATH), "", AT_EMPTY_PATH);
	/* A descriptor of the directory: the lowest that is free, or one that is not open. */
	int directory = strcmp(how, "not-open") == 0
				? 1234567890
				: open(dirname(strcpy(copy, file)), O_PATH | O_DIRECTORY);

	return at(directory, strrchr(file, '/') + 1, 0);
}

static void *thread(void *unused)
{
	do_exec();
	printf("%d %d\n", gettid(), -errno);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t second;
	cpu_set_t here;
	int threaded = strcmp(argv[1], "-t") == 0;

	argv += threaded;
	how = argv[1];
	file = *argv[2] == '@' ? NOWHERE : argv[2];
	count = argc - threaded - 3;
	list = calloc(count + 1, sizeof(*list));
	for (int i = 0; i < count; i++)
		list[i] = argument(argv[3 + i]);

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
	if (!threaded)
		thread(NULL);
	else if (pthread_create(&second, NULL, thread, NULL) == 0)
		pthread_join(second, NULL);
	return 0;
}
