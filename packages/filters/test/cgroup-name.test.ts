import { cgroupName } from "@rxbpf/filters";
import { expect, test } from "vitest";

const ID = "3fa9".repeat(16);
const UID = "9f1c2c0e-7a5d-4c0b-9d0e-0123456789ab";
const ESCAPED = UID.replaceAll("-", "_");
const SLICES = (qos: string) => `/kubepods.slice/kubepods-${qos}.slice/kubepods-${qos}-pod${ESCAPED}.slice`;

test.each([
  // docker
  [
    `/system.slice/docker-${ID}.scope`,
    { is: "container", engine: "docker", containerId: ID, unit: `docker-${ID}.scope`, slice: "system.slice" },
  ],
  [`/docker/${ID}`, { is: "container", engine: "docker", containerId: ID }],
  [`/docker/${ID}/init.scope`, { is: "unit", engine: "docker", containerId: ID, unit: "init.scope" }],
  // podman
  [
    `/machine.slice/libpod-${ID}.scope/container`,
    { engine: "podman", containerId: ID, unit: `libpod-${ID}.scope`, slice: "machine.slice" },
  ],
  [`/libpod_parent/libpod-${ID}`, { is: "container", engine: "podman", containerId: ID }],
  [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
    {
      is: "container",
      engine: "podman",
      containerId: ID,
      unit: `libpod-${ID}.scope`,
      slice: "user.slice",
      uid: 1000,
    },
  ],
  [
    `/machine.slice/libpod-conmon-${ID}.scope`,
    { is: "unit", unit: `libpod-conmon-${ID}.scope`, slice: "machine.slice" },
  ],
  // Kubernetes, with the systemd driver
  [
    `${SLICES("burstable")}/cri-containerd-${ID}.scope`,
    {
      is: "container",
      engine: "containerd",
      containerId: ID,
      pod: { uid: UID, qos: "burstable" },
      unit: `cri-containerd-${ID}.scope`,
      slice: `kubepods-burstable-pod${ESCAPED}.slice`,
    },
  ],
  [
    `/kubepods.slice/kubepods-pod${ESCAPED}.slice/crio-${ID}.scope`,
    {
      is: "container",
      engine: "cri-o",
      containerId: ID,
      pod: { uid: UID, qos: "guaranteed" },
      unit: `crio-${ID}.scope`,
      slice: `kubepods-pod${ESCAPED}.slice`,
    },
  ],
  [
    SLICES("besteffort"),
    { is: "pod", pod: { uid: UID, qos: "besteffort" }, slice: `kubepods-besteffort-pod${ESCAPED}.slice` },
  ],
  [
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${ESCAPED}.slice`,
    { is: "pod", pod: { uid: UID, qos: "guaranteed" }, slice: `kubelet-kubepods-pod${ESCAPED}.slice` },
  ],
  // and with the cgroupfs driver
  [`/kubepods/pod${UID}/${ID}`, { is: "container", containerId: ID, pod: { uid: UID, qos: "guaranteed" } }],
  [
    `/kubepods/burstable/pod${UID}/crio-${ID}`,
    { is: "container", engine: "cri-o", containerId: ID, pod: { uid: UID, qos: "burstable" } },
  ],
  [`/kubepods/besteffort/pod${UID}`, { is: "pod", pod: { uid: UID, qos: "besteffort" } }],
  // the two drivers mixed up
  [
    `/system.slice/containerd.service/kubepods-pod${ESCAPED}.slice:cri-containerd:${ID}`,
    {
      is: "container",
      engine: "containerd",
      containerId: ID,
      pod: { uid: UID, qos: "guaranteed" },
      unit: "containerd.service",
      slice: "system.slice",
    },
  ],
  // a container in a container: the inner one
  [`/docker/${"ab".repeat(32)}/docker/${ID}`, { is: "container", engine: "docker", containerId: ID }],
  // systemd
  ["/system.slice/nginx.service", { is: "unit", unit: "nginx.service", slice: "system.slice" }],
  ["/system.slice/nginx.service/worker", { unit: "nginx.service", slice: "system.slice" }],
  ["/system.slice/_cpu.service", { is: "unit", unit: "cpu.service", slice: "system.slice" }],
  ["/user.slice/user-0.slice", { is: "slice", slice: "user-0.slice", uid: 0 }],
  // neither
  ["/", {}],
  ["/docker/3fa9", {}],
  [`/pod${UID}`, {}],
  ["/a\nb/\u001b[2J", {}],
])("%s", (path, name) => {
  expect(cgroupName(path)).toEqual(name);
});
