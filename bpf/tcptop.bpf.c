// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What processes send and receive by TCP, by session. Bytes are counted when a socket takes them
 * from its process or hands them to it. So they belong to the current task, short sessions count
 * too, and nothing runs per packet.
 */
#include "event.bpf.h"
#include "tcp.bpf.h"

#include "filter.bpf.h"
#include "preemption.bpf.h"
#include "table.bpf.h"
#include "transfer.bpf.h"

struct traffic_key {
	__u64 cgroup_id;
	__u32 pid;
	struct connection connection;
	char comm[16];
	__u8 ip;
	__u8 _pad[3];
};

struct traffic {
	__u64 received_bytes;
	__u64 sent_bytes;
};

TABLE(traffic, struct traffic_key, struct traffic, 65536, BPF_F_NO_PREALLOC)

static __always_inline struct traffic *traffic_of(const struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct traffic_key key = {};

	if (drop_current() || !read_accepted(&key.connection, sk) ||
	    drop_connection(&key.connection, 0))
		return NULL;
	key.cgroup_id = cgroup_id(task);
	key.pid = task->tgid;
	key.ip = ip_version(&key.connection);
	read_comm(key.comm, task->group_leader);
	return traffic_entry(&key);
}

static __always_inline void sent(const struct sock *sk, long bytes)
{
	struct traffic *traffic = bytes > 0 ? traffic_of(sk) : NULL;

	if (traffic)
		ADD(traffic->sent_bytes, bytes);
}

static __always_inline void received(const struct sock *sk, long bytes)
{
	struct traffic *traffic = bytes > 0 ? traffic_of(sk) : NULL;

	if (traffic)
		ADD(traffic->received_bytes, bytes);
}

#define MSG_PEEK 2 /* include/linux/socket.h: the bytes stay where they are */

SEC("tp_btf/sock_send_length")
int BPF_PROG(send_length, struct sock *sk, int ret)
{
	sent(sk, ret);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive_length, struct sock *sk, int ret, int flags)
{
	if (!(flags & MSG_PEEK))
		received(sk, ret);
	return 0;
}

/* See preemption.bpf.h. */

SEC("?tp/sock/sock_send_length")
int send_length_preemptible(struct trace_event_raw_sock_msg_length *event)
{
	sent(event->sk, event->ret);
	return 0;
}

SEC("?tp/sock/sock_recv_length")
int receive_length_preemptible(struct trace_event_raw_sock_msg_length *event)
{
	if (!(event->flags & MSG_PEEK))
		received(event->sk, event->ret);
	return 0;
}

/*
 * Kernels before 6.3 have no hook for what a socket takes and hands out, so bytes are counted
 * from the results of system calls. Socket calls of 32-bit processes are not seen, nor calls
 * that move several messages, whose result is the number of messages.
 */
static __always_inline bool leaving_socket_call(struct pt_regs *regs, struct transfer *transfer)
{
	if (in_compat_call())
		return false;
	transfer->from = transfer->to = -1;
	switch ((__u32)regs->orig_ax) {
	case SYS_SENDTO:
	case SYS_SENDMSG:
		transfer->to = regs->di;
		return true;
	case SYS_RECVFROM:
		transfer->from = regs->r10 & MSG_PEEK ? -1 : regs->di;
		return true;
	case SYS_RECVMSG:
		transfer->from = regs->dx & MSG_PEEK ? -1 : regs->di;
		return true;
	default:
		return false;
	}
}

AT_SYSCALL_END(sys_exit)
{
	struct transfer transfer;
	struct sock *sk;

	if ((!leaving_transfer(regs, &transfer) && !leaving_socket_call(regs, &transfer)) ||
	    !has_result(regs, &ret) || ret <= 0)
		return 0;
	sk = transfer.from >= 0 ? socket_of(transfer.from) : NULL;
	if (sk)
		received(sk, ret);
	sk = transfer.to >= 0 ? socket_of(transfer.to) : NULL;
	if (sk)
		sent(sk, ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
