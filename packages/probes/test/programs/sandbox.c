/*
 * Makes a system call whose result is not the kernel's own, and prints what it got: sandbox HOW CALL [FILE]
 *   trap      seccomp refuses it by a signal, whose handler answers EACCES
 *   killed    the same without a handler
 *   errno     seccomp answers EDQUOT
 *   notify    seccomp asks another thread, which answers EXDEV
 *   alarm     the same, but a signal comes before an answer, and its handler ends the call
 *   restart   the same, but the handler lets the call be made again, and then EXDEV is answered
 *   ignored   the same, for a signal that stops the process and one that lets it go on
 *   number    no filter: descriptors are taken until the next is the call's number; SIGSYS waits, blocked
 * Where FILE is a FIFO nothing filters the open of it, which waits for the other end: that is the answer.
 * CALL: open, openat, execve, accept, accept4. The last two are of a socket to which a connection waits,
 * and the call's number is a descriptor of another connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static const char *how, *file = "";
static int fifo, number, listener = -1, notifications = -1;
static pthread_t caller;

static int is(const char *name)
{
	return strcmp(how, name) == 0;
}

static void deny(int signal, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -EACCES;
}

static volatile int handled;

static void note(int signal)
{
	handled = 1;
}

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(signal, &action, NULL);
}

static int filter(int verdict, int flags)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rules) / sizeof(*rules), rules};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* One that a signal has made void is asked again. */
static void answer(void)
{
	struct seccomp_notif_resp answer = {.error = -EXDEV};
	struct seccomp_notif asked;

	if (fifo) {
		open(file, O_WRONLY);
		return;
	}
	do {
		memset(&asked, 0, sizeof(asked));
		ioctl(notifications, SECCOMP_IOCTL_NOTIF_RECV, &asked);
		answer.id = asked.id;
	} while (ioctl(notifications, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

/* Returns when the process's first thread waits in the call. */
static void wait_for_call(void)
{
	char path[64], text[16];
	int in_call = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	while (in_call != number) {
		FILE *state = fopen(path, "r");

		in_call = fgets(text, sizeof(text), state) && *text != 'r' ? atoi(text) : -1;
		fclose(state);
		usleep(1000);
	}
}

static void stop_and_go_on(void)
{
	int child = fork();
	char path[64], text[512] = "";

	if (child == 0) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", getppid(), getppid());
		kill(getppid(), SIGSTOP);
		while (!strstr(text, ") T")) {
			FILE *state = fopen(path, "r");

			fgets(text, sizeof(text), state);
			fclose(state);
			usleep(1000);
		}
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Answers, or sends signals first. */
static void *supervise(void *unused)
{
	if (is("trap") || is("killed") || is("errno") || is("number"))
		return unused;
	while (!fifo && notifications < 0)
		usleep(1000);
	wait_for_call();
	if (is("alarm") || is("restart"))
		pthread_kill(caller, SIGALRM);
	while (is("restart") && !handled)
		usleep(1000);
	if (is("ignored"))
		stop_and_go_on();
	if (!is("alarm"))
		answer();
	return unused;
}

static int connected(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0) {
		listener = socket(AF_INET, SOCK_STREAM, 0);
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		bind(listener, (void *)&address, sizeof(address));
		listen(listener, 8);
	}
	getsockname(listener, (void *)&address, &size);
	return connect(client, (void *)&address, sizeof(address)) ? -1 : client;
}

static long call(void)
{
	char *args[] = {"name", NULL};

	switch (number) {
	case SYS_open:
		return syscall(SYS_open, file, O_RDONLY, 0);
	case SYS_openat:
		return syscall(SYS_openat, AT_FDCWD, file, O_RDONLY, 0);
	case SYS_execve:
		return syscall(SYS_execve, file, args, environ);
	default:
		return syscall(number, listener, NULL, NULL, 0);
	}
}

static int number_of(const char *name)
{
	return strcmp(name, "open") == 0      ? SYS_open
	       : strcmp(name, "openat") == 0  ? SYS_openat
	       : strcmp(name, "execve") == 0  ? SYS_execve
	       : strcmp(name, "accept") == 0  ? SYS_accept
	       : strcmp(name, "accept4") == 0 ? SYS_accept4
					      : -1;
}

/* Makes the next descriptor the call's number, and SIGSYS wait. */
static void take_descriptors(void)
{
	union sigval value = {};
	sigset_t signals;
	int free = socket(AF_INET, SOCK_STREAM, 0);

	close(free);
	for (int fd = free; fd < number; fd++)
		dup2(0, fd);
	sigemptyset(&signals);
	sigaddset(&signals, SIGSYS);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pthread_sigqueue(pthread_self(), SIGSYS, value);
}

int main(int argc, char **argv)
{
	struct sigaction trapped = {.sa_sigaction = deny, .sa_flags = SA_SIGINFO};
	struct rlimit core = {};
	struct stat status;
	pthread_t supervisor;

	how = argv[1];
	number = number_of(argv[2]);
	if (argc > 3)
		file = argv[3];
	fifo = stat(file, &status) == 0 && S_ISFIFO(status.st_mode);
	caller = pthread_self();
	setrlimit(RLIMIT_CORE, &core);
	if (number == SYS_accept || number == SYS_accept4) {
		struct sockaddr_in address;
		socklen_t size = sizeof(address);

		if (!is("number"))
			dup2(connected(), number);
		connected();
		getsockname(listener, (void *)&address, &size);
		printf("%d ", ntohs(address.sin_port));
	}
	handle(SIGALRM, note, is("restart") ? SA_RESTART : 0);
	pthread_create(&supervisor, NULL, supervise, NULL);
	if (is("trap"))
		sigaction(SIGSYS, &trapped, NULL);
	if (is("trap") || is("killed"))
		filter(SECCOMP_RET_TRAP, 0);
	else if (is("errno"))
		filter(SECCOMP_RET_ERRNO | EDQUOT, 0);
	else if (is("number"))
		take_descriptors();
	else if (!fifo)
		notifications = filter(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	long ret = call();

	printf("%ld\n", ret < 0 ? -errno : ret);
	fflush(stdout);
	_exit(0);
}
