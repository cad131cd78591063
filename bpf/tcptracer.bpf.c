// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sessions: when a process connects, accepts or closes one. Each is sent once, with the
 * process that did it, though most changes of a socket's state run in the context of another
 * task.
 *
 * A session is closed when the last process lets go of its socket. If the socket was open until
 * then, its first change of state, which that process makes, shows the close. If it was shut
 * down or reset before, there may be no change left to see: such a socket is watched until
 * something happens to it.
 */
#include "event.bpf.h"

RING(events)

#include "accept.bpf.h"
#include "filter.bpf.h"
#include "preemption.bpf.h"
#include "repetition.bpf.h"
#include "versions.bpf.h"

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
	CLOSED, /* kept if another program sees the same change: see THREE_TIMES */
};

/*
 * A socket of a wanted process while it connects, or any socket that is ending, until it is
 * closed.
 */
struct session {
	struct who who; /* the last process that changed its state, if known */
	struct connection connection;
	__u32 stage;
	__u32 unwanted; /* whether that process is */
};

SOCKET_STATE(struct session)

/*
 * The processes that accepted sockets, in case the kernel itself closes a socket for a process
 * that has ended. The end of an accepting call gives no pointer that socket storage accepts, so
 * they are in a map. If so many sockets were accepted since that an entry is gone, the close is
 * attributed to the kernel.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct who);
} acceptors SEC(".maps");

/* The mount namespaces of wanted threads that exit: they leave these before they close their files. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} exiting SEC(".maps");

AT_THREAD_END(thread_exit)
{
	__u32 mntns_id;

	if (!has_task_storage() || drop_current())
		return 0;
	mntns_id = BPF_CORE_READ(thread, nsproxy, mnt_ns, ns.inum);
	bpf_task_storage_get(&exiting, thread, &mntns_id, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

/* Describes the current task, which closes a socket. Returns whether it is unwanted. */
static __always_inline bool fill_closer(struct who *who)
{
	__u32 *mntns_id = NULL;

	fill_who(who);
	if (!who->mntns_id && has_task_storage())
		mntns_id = bpf_task_storage_get(&exiting, bpf_get_current_task_btf(), 0, 0);
	if (!mntns_id)
		return drop_current();
	who->mntns_id = *mntns_id;
	return false;
}

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/*
 * Whether the current task is a process that changes the socket for itself. Kernel threads do so
 * for others.
 */
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
	/* Not if a packet comes in between: the process then makes a change of its own. */
	if (!by_process(sk))
		return false;

	struct file *file = BPF_CORE_READ(socket, file);

	return !file || is_released(file);
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

static __always_inline void accepted(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection connection = {};
	struct who who;

	if (!read_accepted(&connection, sk) || drop_connection(&connection, 0))
		return;
	fill_who(&who);
	bpf_map_update_elem(&acceptors, &key, &who, BPF_ANY);
	tell(ACCEPT, &who, &connection);
}

static __always_inline const struct who *acceptor_of(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&acceptors, &key);
}

/*
 * The ends of an open session. An MPTCP socket is one only if it was accepted; if it connected,
 * the sockets under it are.
 */
static __always_inline bool read_open(struct connection *connection, const struct sock *sk)
{
	return read_connection(connection, sk) ||
	       (read_ends(connection, sk, IPPROTO_MPTCP) && acceptor_of(sk));
}

/* Forgets a socket of which nothing more will come. */
static __always_inline void finish(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	forget(sk);
	bpf_map_delete_elem(&acceptors, &key);
}

/* If SESSION is NULL, the socket is open and was accepted, or began before the trace. */
static __always_inline void closed(const struct sock *sk, const struct session *session)
{
	bool is_known = session && session->who.pid;
	const struct who *owner = is_known ? &session->who : acceptor_of(sk);
	struct connection connection = {};
	struct who who;
	bool unwanted;

	if (session)
		connection = session->connection;
	else if (!read_open(&connection, sk))
		return;
	if (owner && !by_current(sk)) {
		who = *owner;
		unwanted = is_known && session->unwanted;
	} else {
		unwanted = fill_closer(&who);
	}
	if (!unwanted)
		tell(CLOSE, &who, &connection);
}

static __always_inline void started(const struct sock *sk)
{
	struct session session = {.stage = CONNECTING}, *before = state_of(sk);

	/* The same socket again, after connect() with AF_UNSPEC has disconnected it. */
	if (before && before->stage == ENDING)
		closed(sk, before);
	if (before)
		forget(sk);
	if (drop_current() || !read_connection(&session.connection, sk) ||
	    drop_connection(&session.connection, 0))
		return;
	fill_who(&session.who);
	if (!keep(sk, &session))
		LOST(lost_map_full);
}

/* A connecting socket has reached a state. */
static __always_inline void went_on(const struct sock *sk, struct session *session, int state)
{
	if (state == TCP_ESTABLISHED) {
		session->stage = OPEN;
		read_connection(&session->connection, sk);
		tell(CONNECT, &session->who, &session->connection);
	} else if (state != TCP_SYN_RECV) { /* a state in between, if both ends connect at once */
		forget(sk);
	}
}

/* Keeps an open socket that has been shut down, reset or disconnected until it is closed. */
static __always_inline void keep_ending(const struct sock *sk, const struct session *session)
{
	const struct who *owner = session ? &session->who : acceptor_of(sk);
	struct session ending = {.stage = ENDING};

	if (!read_open(&ending.connection, sk) || drop_connection(&ending.connection, 0))
		return;
	if (by_current(sk))
		ending.unwanted = fill_closer(&ending.who);
	else if (owner)
		ending.who = *owner;
	if (!keep(sk, &ending) && !ending.unwanted)
		LOST(lost_map_full);
}

/* Whether no process has the socket, nor has let go of it. */
static __always_inline bool nobodys(const struct sock *sk, const struct session *session)
{
	return !BPF_CORE_READ(sk, sk_socket) && !by_process(sk) && !(session && session->who.pid);
}

static __always_inline bool is_at(const struct sock *sk, enum stage stage)
{
	struct session *session = state_of(sk);

	return session && session->stage == stage;
}

/*
 * TIME is the number of the program, if several see the same change one after the other; 0 if
 * there is only one.
 */
static __always_inline void changed(const struct sock *sk, int before, int after, int time)
{
	struct session *session;

	if (after == TCP_SYN_SENT) {
		if (time < 2 || !is_at(sk, CONNECTING))
			started(sk);
		return;
	}
	session = state_of(sk);
	if (session && session->stage == CLOSED)
		return;
	if (session && session->stage == CONNECTING) {
		went_on(sk, session, after);
		return;
	}
	bool ending = session && session->stage == ENDING;

	if (!ending &&
	    (after == TCP_ESTABLISHED || after == TCP_CLOSE_WAIT ||
	     (before != TCP_ESTABLISHED && before != TCP_CLOSE_WAIT && before != TCP_SYN_RECV)))
		return;
	/* It has no process if it was not accepted. But it can be accepted though it was reset. */
	if (nobodys(sk, session)) {
		if (!ending && after == TCP_CLOSE && before != TCP_SYN_RECV)
			keep_ending(sk, session);
	} else if (let_go(sk)) {
		closed(sk, session);
		finish(sk);
		if (time)
			keep(sk, &(struct session){.stage = CLOSED});
	} else if (!ending) {
		keep_ending(sk, session);
	}
}

static __always_inline void destroyed(const struct sock *sk)
{
	struct session *session = state_of(sk);

	/* The kernel itself has closed an open socket, as it does with those under MPTCP. */
	if (session && (session->stage == OPEN || session->stage == ENDING) &&
	    !nobodys(sk, session))
		closed(sk, session);
	finish(sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state, const struct sock *sk, int before, int after)
{
	changed(sk, before, after, 0);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_by_packet, const struct sock *sk, int before, int after)
{
	if (!by_process(sk))
		changed(sk, before, after, 0);
	return 0;
}

AT_SOCKET_END(destroyed)

SEEN(state_seen)

THREE_TIMES(inet_sock_set_state, state)
{
	const struct sock *sk = (void *)ctx[0];

	if (by_process(sk))
		mark_seen(&state_seen_preemptible);
	changed(sk, ctx[1], ctx[2], time);
	return 0;
}

CHECK_STATE_SEEN

char LICENSE[] SEC("license") = "Dual BSD/GPL";
