/*
 * Opens three files under a debugger, its own parent: debugger SKIPPED CHANGED MOVED. The first call it skips, and
 * answers EPERM; of the second it changes the result to ENOSPC; the third it makes a call that gives the process's id. Prints the results.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int result(const char *file)
{
	int ret = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CREAT, 0600);

	return ret < 0 ? -errno : ret;
}

static int debugged(char **files)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);

	int skipped = result(files[0]), changed = result(files[1]), moved = result(files[2]);

	printf("%d %d %d\n", skipped, changed, moved == getpid());
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct user_regs_struct registers;
	int child = fork(), status, opens = 0, open = 0, entered = 0;

	if (child == 0)
		return debugged(argv + 1);
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		ptrace(PTRACE_SYSCALL, child, 0, 0);
		waitpid(child, &status, 0);
		if (!WIFSTOPPED(status))
			return status;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		entered = !entered;
		ptrace(PTRACE_GETREGS, child, 0, &registers);
		if (entered)
			open = registers.orig_rax == SYS_openat ? ++opens : 0;
		if (entered && open == 1)
			registers.orig_rax = -1;
		if (!entered && open == 1)
			registers.rax = -EPERM;
		if (!entered && open == 2)
			registers.rax = -ENOSPC;
		if (entered && open == 3)
			registers.orig_rax = SYS_getpid;
		ptrace(PTRACE_SETREGS, child, 0, &registers);
	}
}
