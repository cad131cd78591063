// Which files do the processes of a container fail to open?
//
//   rxbpf run examples/failed-opens.ts /sys/fs/cgroup/system.slice/web.service
//   rxbpf run examples/failed-opens.ts 4711
//
// Takes a cgroup's directory, or the id of any process in it. Prints failed opens as they happen, until Ctrl-C:
//
//   PID    COMM               FD ERR PATH
//   4711   nginx              -1   2 /etc/nginx/conf.d/site.conf
import { PinnedSet } from "@rxbpf/filters";
import { opensnoop } from "@rxbpf/probes";
import { toStdout } from "@rxbpf/sinks";

const [, , target] = process.argv;
if (target === undefined) throw new Error("Give a cgroup's directory, or a process id");

// The kernel drops the events of all other cgroups. Other programs can edit the set meanwhile: rxbpf map add PATH ...
const set = PinnedSet.create(`/sys/fs/bpf/failed-opens-${process.pid}`, "cgroup");
process.once("exit", () => set.unpin());
set.add(/^\d+$/.test(target) ? { pid: Number(target) } : target);

opensnoop({ failed: true, cgroupmap: set.path }).pipe(toStdout()).subscribe();
