/*
 * Sends signals in every way that kill(2) has, and prints its process id, that of the child
 * whom it sends most, and that of one that has ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* From a 64-bit program too, int $0x80 is a 32-bit call; 37 is kill there. */
static long kill32(int pid, int signal)
{
	long returned;

	asm volatile("int $0x80"
		     : "=a"(returned)
		     : "a"(37L), "b"((long)pid), "c"((long)signal)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)returned;
}

static void *by_thread(void *child)
{
	kill(*(int *)child, SIGURG);
	return NULL;
}

int main(void)
{
	int child = fork(), gone;
	pthread_t thread;

	if (child == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(child, child);
	kill(child, 0);
	/* Signals that end nothing. */
	kill(child, SIGCHLD);
	kill(child, SIGCONT);
	kill(-child, SIGURG);
	kill(child, 65);
	kill(child, -1);
	kill32(child, SIGWINCH);
	kill32(-child, SIGURG);
	alarm(37); /* the 64-bit call with the 32-bit number of kill */
	pthread_create(&thread, NULL, by_thread, &child);
	pthread_join(thread, NULL);
	if (fork() == 0) {
		if (setuid(65534))
			_exit(1);
		kill(child, SIGKILL); /* EPERM */
		kill(getpid(), SIGKILL);
	}
	wait(NULL);
	gone = fork();
	if (gone == 0)
		_exit(0);
	waitpid(gone, NULL, 0);
	kill(gone, SIGTERM); /* ESRCH */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("%d %d %d\n", getpid(), child, gone);
	return 0;
}
