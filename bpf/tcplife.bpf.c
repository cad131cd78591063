// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sessions, sent when they have ended: their process, their duration, and the bytes sent and
 * received. A session begins when it is established, and ends when TCP closes its socket, mostly
 * while a packet is handled. Its owner is the process that connected or accepted it.
 */
#include "event.bpf.h"

RING(events)

#include "accept.bpf.h"
#include "filter.bpf.h"
#include "repetition.bpf.h"

const volatile __u32 remote_ports_count;
const volatile __u16 only_remote_ports[MAX_PORTS];

struct life_event {
	struct who who;
	__u64 sent_bytes;
	__u64 received_bytes;
	__u64 duration_ns;
	struct connection connection;
	__u8 ip;
	__u8 _pad[7];
};
RECORD(life_event);

/* A socket from when it connects or is established until it is closed. */
struct session {
	struct who who; /* of a session that connected; for accepted ones see below */
	__u64 began;	/* 0: it is not established yet */
};

SOCKET_STATE(struct session)

/*
 * The processes that accepted sockets. The end of an accepting call gives no pointer that socket
 * storage accepts, so they are in a map, each as long as its session.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct who);
} acceptors SEC(".maps");

/*
 * Sessions that ended before they were accepted: a process may accept a socket that was reset
 * while it waited. Kept until then, or until the socket is gone.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct life_event);
} unaccepted SEC(".maps");

/* include/net/sock.h: bits of skc_flags */
#define SOCK_DEAD 0 /* no process has the socket any more */
#define SOCK_DONE 1 /* the peer's FIN has come */

static __always_inline bool has_flag(const struct sock *sk, int flag)
{
	return sk->__sk_common.skc_flags & (1UL << flag);
}

/*
 * How many of the process's bytes the peer has acknowledged. The kernel counts a SYN and a FIN
 * as a byte each; a FIN is acknowledged after all bytes.
 */
static __always_inline __u64 sent_bytes(const struct sock *sk, bool connected)
{
	struct tcp_sock *tcp = (void *)sk;
	__u64 acked = BPF_CORE_READ(tcp, bytes_acked);
	__u64 sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);

	if (connected && acked)
		acked--;
	return acked < sent ? acked : sent;
}

static __always_inline __u64 received_bytes(const struct sock *sk)
{
	__u64 received = BPF_CORE_READ((struct tcp_sock *)sk, bytes_received);

	return received && has_flag(sk, SOCK_DONE) ? received - 1 : received;
}

static __always_inline void tell(struct life_event *event, const struct who *who)
{
	__u64 ended = event->who.time;

	event->who = *who;
	event->who.time = ended;
	emit(event, sizeof(*event));
}

/* A process has accepted a socket. */
static __always_inline void accepted(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection connection;
	struct life_event *ended, event;
	struct who who;

	/* Another kind of socket, or an MPTCP socket, whose sessions are those of the sockets under it. */
	if (!read_connection(&connection, sk))
		return;
	fill_who(&who);
	if (bpf_map_update_elem(&acceptors, &key, &who, BPF_ANY))
		LOST(lost_map_full);
	ended = bpf_map_lookup_elem(&unaccepted, &key);
	if (!ended)
		return;
	event = *ended;
	if (bpf_map_delete_elem(&unaccepted, &key) == 0)
		tell(&event, &who);
}

static __always_inline void finish(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	forget(sk);
	bpf_map_delete_elem(&acceptors, &key);
}

static __always_inline bool describe(struct life_event *event, const struct sock *sk,
				     const struct session *session)
{
	struct connection *connection = &event->connection;

	if (!read_connection(connection, sk) ||
	    drop_connection(connection, connection->local_port) ||
	    !has_port(only_remote_ports, remote_ports_count, connection->remote_port))
		return false;
	event->ip = ip_version(connection);
	event->who.time = event_time();
	event->duration_ns = event->who.time - session->began;
	event->sent_bytes = sent_bytes(sk, session->who.pid);
	event->received_bytes = received_bytes(sk);
	return true;
}

static __always_inline void ended(const struct sock *sk, const struct session *session)
{
	struct life_event event = {};
	__u64 key = (__u64)sk;
	const struct who *owner;

	if (!session->began || !describe(&event, sk, session))
		return;
	owner = session->who.pid ? &session->who : bpf_map_lookup_elem(&acceptors, &key);
	if (owner) {
		tell(&event, owner);
		return;
	}
	/* A socket that its owner has closed, or that was closed with its listener, cannot be accepted. */
	if (has_flag(sk, SOCK_DEAD))
		return;
	if (bpf_map_update_elem(&unaccepted, &key, &event, BPF_ANY))
		LOST(lost_map_full);
	/* It may have been accepted meanwhile: then one of the two removes the entry. */
	owner = bpf_map_lookup_elem(&acceptors, &key);
	if (owner && bpf_map_delete_elem(&unaccepted, &key) == 0)
		tell(&event, owner);
}

static __always_inline void started(const struct sock *sk)
{
	struct session session = {};

	/* The same socket may have been used before. */
	finish(sk);
	if (drop_current() || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return;
	fill_who(&session.who);
	if (!keep(sk, &session))
		LOST(lost_map_full);
}

static __always_inline void established(const struct sock *sk, int before)
{
	struct session *session = state_of(sk), passive = {};

	if (session) {
		if (!session->began)
			session->began = event_time();
		return;
	}
	/* A socket that has connected and has no session is not wanted. */
	if (before == TCP_SYN_SENT || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return;
	passive.began = event_time();
	if (!keep(sk, &passive))
		LOST(lost_map_full);
}

static __always_inline void changed(const struct sock *sk, int before, int after)
{
	struct session *session;

	if (after == TCP_SYN_SENT) {
		started(sk);
	} else if (after == TCP_ESTABLISHED) {
		established(sk, before);
	} else if (after == TCP_CLOSE) {
		session = state_of(sk);
		if (session)
			ended(sk, session);
		finish(sk);
	}
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

SEEN(state_seen)

THREE_TIMES(inet_sock_set_state, state)
{
	const struct sock *sk = (void *)ctx[0];
	int before = ctx[1], after = ctx[2];

	if (by_process(sk))
		mark_seen(&state_seen_preemptible);
	if (after != TCP_SYN_SENT || time == 1 || !state_of(sk))
		changed(sk, before, after);
	return 0;
}

CHECK_STATE_SEEN

static __always_inline void destroyed(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	finish(sk);
	bpf_map_delete_elem(&unaccepted, &key);
}

AT_SOCKET_END(destroyed)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
