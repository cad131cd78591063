/*
 * Runs a program in new cgroups, one after the other: reads lines of a directory and an argument, makes the directory,
 * starts the program with that argument in it, so that its exec is the first thing that happens there, and removes the
 * directory when it has ended. At the end it prints how many nanoseconds a mkdir took.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

int main(int argc, char **argv)
{
	char directory[4096], argument[256];
	long took = 0, count = 0;

	if (argc != 2)
		errx(2, "usage: first-exec PROGRAM");
	while (scanf("%4095s %255s", directory, argument) == 2) {
		struct clone_args how = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
		long before = now();
		int status;
		pid_t child;

		if (mkdir(directory, 0755))
			err(1, "mkdir %s", directory);
		took += now() - before;
		count++;
		how.cgroup = open(directory, O_RDONLY | O_DIRECTORY);
		child = syscall(SYS_clone3, &how, sizeof(how));
		if (child == 0) {
			execl(argv[1], argv[1], argument, NULL);
			_exit(127);
		}
		if (child < 0)
			err(1, "clone3 into %s", directory);
		close(how.cgroup);
		if (waitpid(child, &status, 0) != child || status != 0)
			errx(1, "%s ended with %d", argv[1], status);
		if (rmdir(directory))
			err(1, "rmdir %s", directory);
	}
	printf("%ld\n", count ? took / count : 0);
	return 0;
}
