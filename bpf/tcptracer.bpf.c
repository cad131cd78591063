// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sessions: when one is connected, accepted, closed. Each is told once, and of the
 * process that did it, though most changes of a socket's state are made by whoever handles a packet.
 */
#include "accept.bpf.h"
#include "event.bpf.h"

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

/* A socket from its connect or accept until it is closed. */
struct session {
	struct who owner;
	struct connection connection;
	__u8 established;
	__u8 wanted; /* by the filters, when it was connected */
	__u8 _pad[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct session);
} sessions SEC(".maps");

#define SHUTDOWN_MASK 3 /* include/net/sock.h: both directions */

static __always_inline void tell(enum session_change type, const struct who *who,
				 const struct connection *connection)
{
	struct session_event event = { .who = *who, .connection = *connection };

	if (!connection->local_port || !connection->remote_port || drop_connection(connection, 0))
		return;
	event.who.time = bpf_ktime_get_ns();
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
	struct session session = { .established = true };

	if (!read_connection(&session.connection, sk))
		return;
	fill_who(&session.owner, (void *)bpf_get_current_task());
	store(sk, &session);
	tell(ACCEPT, &session.owner, &session.connection);
}

/* The current process closes. SESSION may be NULL: it began before the trace did. */
static __always_inline void closed_by_current(const struct sock *sk, struct session *session)
{
	struct connection connection = {};
	struct who who;

	fill_who(&who, (void *)bpf_get_current_task());
	/* An exiting process has left its namespaces when its files are closed. */
	if (!who.mntns_id && session && session->owner.pid == who.pid)
		who.mntns_id = session->owner.mntns_id;
	if (session)
		connection = session->connection;
	else if (!read_connection(&connection, sk))
		return;
	if (!drop(&who))
		tell(CLOSE, &who, &connection);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state, const struct sock *sk, int before, int after)
{
	__u64 key = (__u64)sk;
	struct session *session;

	if (after == TCP_SYN_SENT) {
		struct session started = { .wanted = !drop_current() };

		if (!read_connection(&started.connection, sk))
			return 0;
		fill_who(&started.owner, (void *)bpf_get_current_task());
		store(sk, &started);
		return 0;
	}

	session = bpf_map_lookup_elem(&sessions, &key);
	if (after == TCP_ESTABLISHED) {
		if (before != TCP_SYN_SENT || !session)
			return 0;
		session->established = true;
		read_connection(&session->connection, sk);
		if (session->wanted)
			tell(CONNECT, &session->owner, &session->connection);
		return 0;
	}

	bool of_process = BPF_CORE_READ(sk, sk_socket) != NULL;
	bool shut = BPF_CORE_READ(sk, sk_shutdown) == SHUTDOWN_MASK;

	/*
	 * A process that closes shuts both directions before the first change it makes. One
	 * direction alone is a half-close, and a peer's reset changes the state first: both
	 * sessions are closed when the process lets go of the socket, see below.
	 */
	if (of_process && shut &&
	    ((before == TCP_ESTABLISHED && (after == TCP_FIN_WAIT1 || after == TCP_CLOSE)) ||
	     (before == TCP_CLOSE_WAIT && (after == TCP_LAST_ACK || after == TCP_CLOSE)))) {
		closed_by_current(sk, session);
		bpf_map_delete_elem(&sessions, &key);
	} else if (session && after == TCP_CLOSE && !of_process) {
		/* Closed after a half-close; only the packet that ends it is seen. */
		if (session->established && !drop(&session->owner))
			tell(CLOSE, &session->owner, &session->connection);
		bpf_map_delete_elem(&sessions, &key);
	}
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroy, struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct session *session = bpf_map_lookup_elem(&sessions, &key);

	if (!session)
		return 0;
	if (session->established)
		closed_by_current(sk, session);
	bpf_map_delete_elem(&sessions, &key);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
