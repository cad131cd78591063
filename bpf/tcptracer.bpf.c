// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sessions: when one is connected, accepted, closed. Each is told once, and of the
 * process that did it, though most changes of a socket's state are made by whoever handles a packet.
 *
 * A session is closed when the last process lets go of its socket. If the socket is open until
 * then, its first change of state tells so, made by that process. If it was shut down or reset before,
 * there may be no change left to make: such a socket is watched until something happens to it.
 */
#include "event.bpf.h"

RING(events)

#include "accept.bpf.h"
#include "filter.bpf.h"

enum session_change {
	CONNECT,
	ACCEPT,
	CLOSE,
};

struct session_event {
	struct who who;
	struct connection connection;
	__u8 ip;
	__u8 type;
	__u8 _pad[6];
};
RECORD(session_event);

enum stage {
	CONNECTING,
	OPEN,
	ENDING, /* shut down or reset, and not closed yet */
};

/* A socket of a process that the filters want, or any that is ending, until it is closed. */
struct session {
	struct who who; /* the last that did something to its state, if known */
	struct connection connection;
	__u32 stage;
	__u32 _pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct session);
} sessions SEC(".maps");

/* Mount namespaces of exiting threads, by thread: they leave them before they close their files. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} exiting SEC(".maps");

SEC("tp_btf/sched_process_exit")
int BPF_PROG(thread_exit, struct task_struct *task)
{
	__u32 tid = task->pid, mntns_id = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);

	bpf_map_update_elem(&exiting, &tid, &mntns_id, BPF_ANY);
	return 0;
}

static __always_inline void fill_closer(struct who *who)
{
	fill_who(who);
	if (!who->mntns_id) {
		__u32 *mntns_id = bpf_map_lookup_elem(&exiting, &who->tid);

		who->mntns_id = mntns_id ? *mntns_id : 0;
	}
}

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Whether the current task is a process that changes the socket; the kernel's own do so for another. */
static __always_inline bool by_current(const struct sock *sk)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return by_process(sk) && !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

/* Whether the last process lets go of the socket now, or has done so. */
static __always_inline bool let_go(const struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	if (!socket)
		return true;
	/* Not yet, if a packet comes in between: that process then makes a change of its own. */
	if (!by_process(sk))
		return false;

	struct file *file = BPF_CORE_READ(socket, file);

	/* While it is released a file has no references, in include/linux/file_ref.h a number below 0. */
	if (bpf_core_field_exists(file->f_ref))
		return !file || BPF_CORE_READ(file, f_ref.refcnt.counter) < 0;
	return !file || BPF_CORE_READ(file, f_count.counter) == 0;
}

static __always_inline void tell(enum session_change type, const struct who *who,
				 const struct connection *connection)
{
	struct session_event event = {.who = *who, .connection = *connection};

	if (!connection->local_port || !connection->remote_port || drop_connection(connection, 0))
		return;
	event.who.time = event_time();
	event.ip = ip_version(connection);
	event.type = type;
	emit(&event, sizeof(event));
}

static __always_inline void store(const struct sock *sk, const struct session *session)
{
	__u64 key = (__u64)sk;

	if (bpf_map_update_elem(&sessions, &key, session, BPF_ANY))
		LOST(lost_map_full);
}

static __always_inline void accepted(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct session session = {.stage = OPEN};

	if (!read_accepted(&session.connection, sk))
		return;
	/* It may have been reset before it was accepted. */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE)
		session.stage = ENDING;
	fill_who(&session.who);
	/* Nothing is lost where this fails: what closes an open socket is known without. */
	bpf_map_update_elem(&sessions, &key, &session, BPF_ANY);
	tell(ACCEPT, &session.who, &session.connection);
}

/* SESSION may be NULL: it began before the trace did, or with a process that the filters do not want. */
static __always_inline void closed(const struct sock *sk, const struct session *session)
{
	struct connection connection = {};
	struct who who;

	if (session)
		connection = session->connection;
	else if (!read_connection(&connection, sk))
		return;
	if (session && session->who.pid && !by_current(sk))
		who = session->who;
	else
		fill_closer(&who);
	if (!drop(&who))
		tell(CLOSE, &who, &connection);
}

static __always_inline void started(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct session session = {.stage = CONNECTING}, *before;

	/* The same socket again: disconnected, by connect() with AF_UNSPEC. */
	before = bpf_map_lookup_elem(&sessions, &key);
	if (before && before->stage == ENDING)
		closed(sk, before);
	if (before)
		bpf_map_delete_elem(&sessions, &key);
	if (drop_current() || !read_connection(&session.connection, sk) ||
	    drop_connection(&session.connection, 0))
		return;
	fill_who(&session.who);
	store(sk, &session);
}

/* A socket that was connecting has come to a state. */
static __always_inline void went_on(const struct sock *sk, struct session *session, int state)
{
	__u64 key = (__u64)sk;

	if (state == TCP_ESTABLISHED) {
		session->stage = OPEN;
		read_connection(&session->connection, sk);
		tell(CONNECT, &session->who, &session->connection);
	} else if (state != TCP_SYN_RECV) { /* which is between, when both ends connect at once */
		bpf_map_delete_elem(&sessions, &key);
	}
}

/* An open socket has been shut down, reset, disconnected or, if nobody has it any more, closed. */
static __always_inline void ended(const struct sock *sk, const struct session *session)
{
	__u64 key = (__u64)sk;
	struct session ending = {.stage = ENDING};

	if (let_go(sk)) {
		closed(sk, session);
		bpf_map_delete_elem(&sessions, &key);
		return;
	}
	if (!read_connection(&ending.connection, sk) || drop_connection(&ending.connection, 0))
		return;
	if (by_current(sk))
		fill_closer(&ending.who);
	else if (session)
		ending.who = session->who;
	store(sk, &ending);
}

static __always_inline void changed(const struct sock *sk, int before, int after)
{
	__u64 key = (__u64)sk;
	struct session *session;

	if (after == TCP_SYN_SENT) {
		started(sk);
		return;
	}
	session = bpf_map_lookup_elem(&sessions, &key);
	if (session && session->stage == CONNECTING) {
		went_on(sk, session, after);
		return;
	}
	if (session && session->stage == ENDING) {
		if (let_go(sk)) {
			closed(sk, session);
			bpf_map_delete_elem(&sessions, &key);
		}
		return;
	}
	/* From here on an open one; it has no process if it was not accepted. */
	if (after == TCP_ESTABLISHED || after == TCP_CLOSE_WAIT || !BPF_CORE_READ(sk, sk_socket))
		return;
	if (before == TCP_ESTABLISHED || before == TCP_CLOSE_WAIT ||
	    (before == TCP_SYN_RECV && session))
		ended(sk, session);
}

static __always_inline void destroyed(const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct session *session = bpf_map_lookup_elem(&sessions, &key);

	if (!session)
		return;
	/* An open one was closed by the kernel itself, which does so with those under MPTCP. */
	if (session->stage != CONNECTING)
		closed(sk, session);
	bpf_map_delete_elem(&sessions, &key);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state, const struct sock *sk, int before, int after)
{
	changed(sk, before, after);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_by_packet, const struct sock *sk, int before, int after)
{
	if (!by_process(sk))
		changed(sk, before, after);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroy, struct sock *sk)
{
	destroyed(sk);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroy_by_packet, struct sock *sk)
{
	if (!by_process(sk))
		destroyed(sk);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
