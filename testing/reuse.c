/*
 * Two processes, one after the other, with the same pid: reuse FIRST SECOND. Each execs a shell
 * of the same name that runs its argument as a script. Prints their pid when the first has
 * ended. Needs CAP_CHECKPOINT_RESTORE.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts a process, with the given pid unless that is 0, and waits for its end. Returns its pid,
 * or -1. */
static pid_t run(pid_t pid, const char *script)
{
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.set_tid = pid ? (uintptr_t)&pid : 0,
		.set_tid_size = pid != 0,
	};
	pid_t child = syscall(SYS_clone3, &how, sizeof(how));

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	return child;
}

int main(int count, char **arguments)
{
	pid_t pid;

	if (count != 3)
		return 2;
	pid = run(0, arguments[1]);
	printf("%d\n", pid);
	fflush(stdout);
	/* Another process may have the pid for a moment. */
	while (run(pid, arguments[2]) < 0) {
		if (errno != EEXIST) {
			perror("clone3");
			return 1;
		}
		usleep(1000);
	}
	return 0;
}
