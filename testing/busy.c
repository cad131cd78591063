/*
 * Tasks that compete for the first processor and make events all the time: busy TASKS COUNT
 * WHAT. Each does COUNT times
 *   open     an open of a missing file, /busy
 *   kill     kill(2) of itself with signal 0
 *   exec     an exec of /bin/true, in a process of its own
 *   connect  a connection to itself, which it closes at both ends
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void open_missing(void)
{
	if (open("/busy", O_RDONLY) >= 0)
		die("open");
}

static void kill_itself(void)
{
	if (kill(getpid(), 0))
		die("kill");
}

static void exec_true(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "/bin/true", "busy", NULL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("exec");
}

static void connect_itself(void)
{
	static struct sockaddr_in address;
	static int server;
	socklen_t length = sizeof(address);

	if (!server) {
		address = (struct sockaddr_in){.sin_family = AF_INET,
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		server = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(server, (void *)&address, length) || listen(server, 1) ||
		    getsockname(server, (void *)&address, &length))
			die("listen");
	}

	int client = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(client, (void *)&address, length))
		die("connect");

	int accepted = accept(server, NULL, NULL);

	if (accepted < 0)
		die("accept");
	close(client);
	close(accepted);
}

static const struct {
	const char *name;
	void (*once)(void);
} kinds[] = {
	{"open", open_missing},
	{"kill", kill_itself},
	{"exec", exec_true},
	{"connect", connect_itself},
};

int main(int argc, char **argv)
{
	int tasks = argc == 4 ? atoi(argv[1]) : 0, count = argc == 4 ? atoi(argv[2]) : 0, status;
	void (*once)(void) = NULL;
	cpu_set_t first;

	for (unsigned int i = 0; argc == 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[3], kinds[i].name))
			once = kinds[i].once;
	if (!tasks || !once)
		return 2;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
	for (int i = 0; i < tasks; i++)
		if (fork() == 0) {
			for (int done = 0; done < count; done++)
				once();
			exit(0);
		}
	while (wait(&status) > 0)
		if (status)
			return 1;
	return 0;
}
