"""Machines that were tried, as data: what their systems say, and what a record must say of them. A row a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.measure.processor import FLAGS_ARM

X86 = "processor\t: {n}\nvendor_id\t: {vendor}\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: {name}\nstepping\t: 8\n"
X86 += "flags\t\t: {flags}\n\n"
XEON = "fpu ssse3 fma sse4_1 sse4_2 f16c avx avx2 avx512f avx512bw avx512vl avx512dq avx512_vnni amx_tile amx_int8"
CORE = "fpu ssse3 fma sse4_1 sse4_2 f16c avx avx2 avx_vnni"
ARM = "processor\t: {n}\nBogoMIPS\t: 50.00\nFeatures\t: {flags}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
ARM += "CPU variant\t: 0x{variant}\nCPU part\t: 0x{part}\nCPU revision\t: 1\n\n"
GRAVITON = "fp asimd evtstrm aes pmull asimdhp cpuid asimdrdm lrcpc asimddp sve i8mm bf16"
DMI = "sys/devices/virtual/dmi/id/"


def xeon(flags: str = XEON, cores: int = 2) -> str:
    """/proc/cpuinfo of a server."""
    return "".join(X86.format(n=n, vendor="GenuineIntel", name="Xeon", flags=flags) for n in range(cores))


def arm(flags: str = GRAVITON, parts: tuple[str, ...] = ("d40", "d40")) -> str:
    """/proc/cpuinfo of an ARM server or board."""
    return "".join(ARM.format(n=n, flags=flags, part=part, variant=1) for n, part in enumerate(parts))


@dataclass(frozen=True)
class Machine:
    """What is there, and what is right."""

    name: str
    files: Mapping[str, str]
    """Below the root."""

    has: str
    """One flag that it has; nothing where none is known."""

    untold: bool = False
    """Whether its flags are unknown."""

    hypervisor: str | None = None
    container: str | None = None
    family: str | None = "6-143-8"
    machine: str = "x86_64"
    hypervisor_reason: str = "no hypervisor was found"
    container_reason: str = "no container was found"
    variables: Mapping[str, str] = field(default_factory=dict)
    processor: str | None = "Xeon"


GUEST = xeon(XEON + " hypervisor")
UNTOLD = "no sign of a hypervisor was found, and this kind of processor does not tell whether there is one"
LAYERS = "no known kind of container was found, but the files lie in layers, as a container's do"
ROOT_OVERLAY = "22 1 0:21 / / rw,relatime - overlay overlay rw,lowerdir={lower},upperdir=/u,workdir=/w\n"
ARM_ROW = {"machine": "aarch64", "has": "asimddp", "family": "0x41-0xd40-0x1-1", "processor": "ARM Neoverse-V1"}

MACHINES = (
    Machine(
        "bare metal",
        {"proc/cpuinfo": xeon(), "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"},
        "amx_int8",
    ),
    Machine("a hybrid processor", {"proc/cpuinfo": xeon(CORE)}, "avx_vnni"),
    Machine("cores that differ: what all have counts", {"proc/cpuinfo": xeon() + xeon(CORE)}, "avx2"),
    Machine("a virtual machine", {"proc/cpuinfo": GUEST, DMI + "sys_vendor": "QEMU\n"}, "amx_int8", hypervisor="QEMU"),
    Machine("Xen", {"proc/cpuinfo": GUEST, "sys/hypervisor/type": "xen\n"}, "avx2", hypervisor="xen"),
    Machine("a hidden hypervisor", {"proc/cpuinfo": GUEST}, "avx2", hypervisor="present, its name is hidden"),
    Machine("Docker", {"proc/cpuinfo": xeon(), ".dockerenv": ""}, "avx2", container="Docker"),
    Machine("Podman", {"proc/cpuinfo": xeon(), "run/.containerenv": ""}, "avx2", container="Podman"),
    Machine(
        "LXC, by its first process",
        {"proc/cpuinfo": xeon(), "proc/1/environ": "HOME=/\0container=lxc\0"},
        "avx2",
        container="LXC",
    ),
    Machine(
        "LXC, by lxcfs",
        {
            "proc/cpuinfo": xeon(),
            "proc/self/mountinfo": "90 22 0:45 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw\n",
        },
        "avx2",
        container="LXC",
    ),
    Machine(
        "LXC, by its group",
        {"proc/cpuinfo": xeon(), "proc/1/cgroup": "0::/lxc.payload.web/init.scope\n"},
        "avx2",
        container="LXC",
    ),
    Machine("Apptainer", {"proc/cpuinfo": xeon(), ".singularity.d/runscript": ""}, "avx2", container="Apptainer"),
    Machine(
        "Apptainer, by a variable",
        {"proc/cpuinfo": xeon()},
        "avx2",
        container="Apptainer",
        variables={"APPTAINER_CONTAINER": "/x.sif"},
    ),
    Machine(
        "containerd",
        {
            "proc/cpuinfo": xeon(),
            "proc/self/mountinfo": ROOT_OVERLAY.format(lower="/var/lib/containerd/io.containerd.snapshotter.v1/1/fs"),
        },
        "avx2",
        container="containerd",
    ),
    Machine(
        "Kubernetes, cgroup v1",
        {"proc/cpuinfo": xeon(), "proc/self/cgroup": "4:cpu:/kubepods/burstable/pod1/a\n"},
        "avx2",
        container="Kubernetes",
    ),
    Machine(
        "Kubernetes, by its secrets",
        {"proc/cpuinfo": xeon(), "var/run/secrets/kubernetes.io/x": ""},
        "avx2",
        container="Kubernetes",
    ),
    Machine(
        "systemd-nspawn",
        {"proc/cpuinfo": xeon(), "run/host/container-manager": "systemd-nspawn"},
        "avx2",
        container="systemd-nspawn",
    ),
    Machine(
        "systemd's word", {"proc/cpuinfo": xeon(), "run/systemd/container": "podman\n"}, "avx2", container="Podman"
    ),
    Machine(
        "layers of an unknown maker",
        {"proc/cpuinfo": xeon(), "proc/self/mountinfo": ROOT_OVERLAY.format(lower="/l")},
        "avx2",
        container_reason=LAYERS,
    ),
    Machine(
        "a host that runs containers itself",
        {
            "proc/cpuinfo": xeon(),
            "proc/self/cgroup": "0::/user.slice/user-1000.slice\n",
            "proc/1/cgroup": "0::/init.scope\n",
            "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:40 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw\n",
        },
        "avx2",
    ),
    Machine("an ARM server", {"proc/cpuinfo": arm()}, hypervisor_reason=UNTOLD, **ARM_ROW),  # type: ignore[arg-type]
    Machine("an ARM guest, by DMI", {"proc/cpuinfo": arm(), DMI + "sys_vendor": "QEMU"}, hypervisor="QEMU", **ARM_ROW),  # type: ignore[arg-type]
    Machine(
        "an ARM guest of EC2",
        {"proc/cpuinfo": arm(), DMI + "sys_vendor": "Amazon EC2", DMI + "product_name": "c7g.large"},
        hypervisor="Amazon EC2",
        **ARM_ROW,  # type: ignore[arg-type]
    ),
    Machine(
        "ARM metal of EC2",
        {"proc/cpuinfo": arm(), DMI + "sys_vendor": "Amazon EC2", DMI + "product_name": "c7g.metal"},
        hypervisor_reason=UNTOLD,
        **ARM_ROW,  # type: ignore[arg-type]
    ),
    Machine(
        "an ARM guest, by its device tree",
        {"proc/cpuinfo": arm(), "proc/device-tree/compatible": "linux,dummy-virt\0"},
        hypervisor="QEMU",
        **ARM_ROW,  # type: ignore[arg-type]
    ),
    Machine(
        "ARM under Xen",
        {"proc/cpuinfo": arm(), "proc/device-tree/hypervisor/compatible": "xen,xen-4.17\0xen,xen\0"},
        hypervisor="Xen",
        **ARM_ROW,  # type: ignore[arg-type]
    ),
    Machine(
        "big and little cores",
        {"proc/cpuinfo": arm("fp asimd asimddp", ("d05", "d41"))},
        "asimddp",
        machine="aarch64",
        hypervisor_reason=UNTOLD,
        family="0x41-0xd05-0x1-1, 0x41-0xd41-0x1-1",
        processor="ARM Cortex-A55",
    ),
    Machine("no /proc", {}, "", untold=True, family=None, hypervisor_reason=UNTOLD, processor=None),
    Machine(
        "a /proc/cpuinfo without flags",
        {"proc/cpuinfo": "processor : 0\nmodel name : Xeon\n"},
        "",
        untold=True,
        family=None,
        hypervisor_reason=UNTOLD,
    ),
    Machine(
        "POWER",
        {"proc/cpuinfo": "processor : 0\ncpu : POWER9, altivec supported\n"},
        "",
        untold=True,
        family=None,
        machine="ppc64le",
        hypervisor_reason=UNTOLD,
        processor="POWER9, altivec supported",
    ),
)

# Values of sysctl, as macOS gives them.
MACS = {
    "Apple silicon": (
        {
            "machdep.cpu.brand_string": "Apple M2",
            "hw.optional.arm64": "1",
            "hw.optional.AdvSIMD": "1",
            "kern.hv_vmm_present": "0",
            "hw.optional.arm.FEAT_DotProd": "1",
            "hw.optional.arm.FEAT_FP16": "1",
            "hw.optional.arm.FEAT_I8MM": "1",
            "hw.cpufamily": "3660830781",
        },
        frozenset({"asimd", "asimddp", "asimdhp", "i8mm"}),
        False,
    ),
    "Intel": (
        {
            "machdep.cpu.brand_string": "Intel(R) Core(TM) i7",
            "machdep.cpu.features": "FPU SSE4.1 SSE4.2 SSSE3 AVX1.0 FMA F16C",
            "machdep.cpu.leaf7_features": "BMI1 AVX2",
            "machdep.cpu.family": "6",
            "machdep.cpu.model": "158",
            "machdep.cpu.stepping": "10",
        },
        frozenset({"sse4_1", "sse4_2", "ssse3", "avx", "fma", "f16c", "avx2"}),
        None,
    ),
    "a guest": (
        {"hw.optional.arm64": "1", "hw.optional.AdvSIMD": "1", "kern.hv_vmm_present": "1"},
        frozenset({"asimd"}),
        True,
    ),
}

ARM_UNTOLD_BY_WINDOWS = FLAGS_ARM - {"asimd", "asimddp"}
