// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TCP connections that processes accept. */
#include "event.bpf.h"

RING(events)

#include "accept.bpf.h"
#include "filter.bpf.h"

struct accept_event {
	struct who who;
	struct connection connection;
	__u8 ip;
	__u8 _pad[7];
};
RECORD(accept_event);

static __always_inline void accepted(struct sock *sk)
{
	struct accept_event event = {};

	if (!read_accepted(&event.connection, sk) ||
	    drop_connection(&event.connection, event.connection.local_port))
		return;
	fill_who(&event.who);
	event.ip = ip_version(&event.connection);
	emit(&event, sizeof(event));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
