/*
 * Opens files in every way, as threads of several names and users, and tells what it did:
 * opens FOLDER. It prints its process id and that of its second thread, waits for a line,
 * opens, and prints a line of JSON for each call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char reports[1 << 16];
static FILE *out;
static int ready[2], go[2];

static void report(const char *call, const char *path, unsigned flags, unsigned mode, long ret)
{
	int error = errno;
	char comm[16];

	prctl(PR_GET_NAME, comm);
	fprintf(out,
		"{\"call\":\"%s\",\"path\":\"%s\",\"flags\":%u,\"mode\":%u,\"ret\":%ld,"
		"\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":%d,\"comm\":\"%s\"}\n",
		call, path, flags, mode, ret < 0 ? -error : ret, getpid(), (int)syscall(SYS_gettid),
		getppid(), getuid(), comm);
}

static void do_open(const char *path, int flags, int mode)
{
	report("open", path, flags, mode, syscall(SYS_open, path, flags, mode));
}

static void do_openat(const char *path, int flags, int mode)
{
	report("openat", path, flags, mode, syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

static void do_openat2(const char *path, int flags, int mode)
{
	struct open_how how = { .flags = flags, .mode = mode };

	report("openat2", path, flags, mode, syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

static void do_creat(const char *path, int mode)
{
	report("creat", path, O_CREAT | O_WRONLY | O_TRUNC, mode, syscall(SYS_creat, path, mode));
}

/* Tells its id, and opens when it is let. */
static void *second_thread(void *unused)
{
	int tid = syscall(SYS_gettid);
	char byte;

	prctl(PR_SET_NAME, "rx-second-thrd!"); /* 15 bytes: the most that a name has */
	if (write(ready[1], &tid, sizeof(tid)) != sizeof(tid) || read(go[0], &byte, 1) != 1)
		exit(1);
	do_open("made", O_RDONLY, 0);
	do_open("missing", O_RDWR, 0);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t second;
	char line[8];
	int tid;

	if (argc != 2 || chdir(argv[1]) || pipe(ready) || pipe(go))
		return 1;
	umask(0);
	out = fmemopen(reports, sizeof(reports), "w");
	pthread_create(&second, NULL, second_thread, NULL);
	if (read(ready[0], &tid, sizeof(tid)) != sizeof(tid))
		return 1;
	printf("%d %d\n", getpid(), tid);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;

	do_open("made", O_CREAT | O_EXCL | O_RDWR, 0640);
	do_open("made", O_CREAT | O_EXCL | O_RDWR, 0640);
	do_open("missing", O_RDONLY, 0);
	do_open("made", O_WRONLY | O_APPEND, 0777); /* a mode that means nothing */
	do_open("made/below", O_RDONLY, 0);
	do_open(".", O_RDWR, 0);
	do_open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	do_open(".", O_TMPFILE | O_RDWR, 0600);
	do_openat("made", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	do_openat("made too", O_CREAT | O_WRONLY | O_TRUNC | O_SYNC, 0604);
	do_openat("", O_RDONLY, 0);
	do_openat("made", O_PATH, 0);
	do_openat2("made by openat2", O_CREAT | O_RDWR | O_DSYNC, 0600);
	do_openat2("missing", O_RDWR | O_NOCTTY, 0);
	do_creat("made by creat", 0755);
	do_creat("missing/below", 0644);

	if (write(go[1], "g", 1) != 1)
		return 1;
	pthread_join(second, NULL);

	prctl(PR_SET_NAME, "rx-renamed");
	do_open("made", O_RDONLY, 0);
	if (setuid(12345))
		return 1;
	do_open("made", O_RDONLY, 0);
	do_open("not mine", O_CREAT | O_WRONLY, 0600);

	fclose(out);
	fputs(reports, stdout);
	return 0;
}
