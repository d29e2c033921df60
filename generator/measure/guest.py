"""Whether this machine is somebody's guest: a virtual machine, a container, or both.

Files come first, and environment variables only where nothing else speaks: another shell is no other machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from generator.measure.processor import Processor

MARKS: Mapping[str, str] = MappingProxyType(
    {
        ".dockerenv": "Docker",
        "run/.containerenv": "Podman",
        ".singularity.d": "Apptainer",
        "dev/lxd/sock": "LXD",
        "dev/.lxc": "LXC",
        "run/host/container-manager": "systemd-nspawn",
        "var/run/secrets/kubernetes.io": "Kubernetes",
        "proc/vz": "OpenVZ",
    }
)
"""Files that a container's maker leaves in it."""

_VARIABLES: Mapping[str, str] = MappingProxyType(
    {"APPTAINER_CONTAINER": "Apptainer", "SINGULARITY_CONTAINER": "Apptainer", "KUBERNETES_SERVICE_HOST": "Kubernetes"}
)

_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        r"kubepods": "Kubernetes",
        r"docker|moby": "Docker",
        r"libpod": "Podman",
        r"/lxc[./]|lxc\.payload": "LXC",
        r"containerd|cri-containerd": "containerd",
        r"crio-": "CRI-O",
        r"garden": "Garden",
        r"ecs/": "Amazon ECS",
    }
)
"""Parts of a control group's path, and of the places from which a container's files are mounted."""

_NAMES: Mapping[str, str] = MappingProxyType(
    {"docker": "Docker", "podman": "Podman", "lxc": "LXC", "lxc-libvirt": "LXC", "oci": "an OCI container"}
)
"""Words of systemd's variable `container`."""

_VENDORS = "QEMU|KVM|VMware|VirtualBox|innotek|Xen|Bochs|Parallels|Amazon EC2|Google|OpenStack|Bhyve|Firecracker|UTM"
_VENDORS += "|Alibaba|Tencent|DigitalOcean|Hetzner|Linode|Apple Virtualization|Microsoft Corporation Virtual Machine"

NO_HYPERVISOR = "no hypervisor was found"
UNTOLD_HYPERVISOR = "no sign of a hypervisor was found, and this kind of processor does not tell whether there is one"
NO_CONTAINER = "no container was found"
UNTOLD_CONTAINER = "no known kind of container was found, but the files lie in layers, as a container's do"


def hypervisor_of(processor: Processor, root: Path = Path("/")) -> tuple[str | None, str]:
    """Name of what this machine is a guest of; None with the reason.

    Args:
        processor: says on x86 and on macOS whether there is one.
        root: where /sys and /proc are looked for.
    """
    said = _read(root / "sys/hypervisor/type") or _device_tree(root)
    maker = " ".join(
        word for name in ("sys_vendor", "product_name") if (word := _read(root / "sys/devices/virtual/dmi/id" / name))
    )
    if processor.hypervisor:
        return said or _read(root / "sys/devices/virtual/dmi/id/sys_vendor") or "present, its name is hidden", ""
    if processor.hypervisor is False:
        return None, NO_HYPERVISOR
    if said:
        return said, ""
    # "Amazon EC2" with a product name that ends in ".metal" is no guest.
    if (known := re.search(_VENDORS, maker)) and ".metal" not in maker:
        return known[0], ""
    return None, UNTOLD_HYPERVISOR


def container_of(root: Path = Path("/"), variables: Mapping[str, str] = os.environ) -> tuple[str | None, str]:
    """Kind of the container that this is; None with the reason.

    Args:
        root: where the files are looked for.
        variables: of the environment.
    """
    if kind := next((kind for mark, kind in MARKS.items() if (root / mark).exists()), None):
        return kind, ""
    first = dict(word.partition("=")[::2] for word in (_read(root / "proc/1/environ") or "").split("\0"))
    word = _read(root / "run/systemd/container") or first.get("container") or variables.get("container")
    if word:
        return _NAMES.get(word, word), ""
    mounts = _read(root / "proc/self/mountinfo") or ""
    places = "\n".join(
        [_read(root / f"proc/{pid}/cgroup") or "" for pid in ("self", "1")]
        + [
            line
            for line in mounts.splitlines()
            if line.split()[4:5] in (["/"], ["/etc/hostname"], ["/etc/resolv.conf"])
        ]
    )
    if kind := next((kind for pattern, kind in _GROUPS.items() if re.search(pattern, places)), None):
        return kind, ""
    if re.search(r"^\S+ \S+ \S+ \S+ /proc/\S+ .* - fuse\.lxcfs ", mounts, re.MULTILINE):
        return "LXC", ""
    if kind := next((kind for name, kind in _VARIABLES.items() if variables.get(name)), None):
        return kind, ""
    layered = re.search(r"^\S+ \S+ \S+ \S+ / .* - (overlay|aufs|fuse-overlayfs) ", mounts, re.MULTILINE)
    return None, UNTOLD_CONTAINER if layered else NO_CONTAINER


def _device_tree(root: Path) -> str | None:
    """What an ARM guest's device tree says: "linux,kvm", "xen,xen-4.17"; QEMU's own machine is "linux,dummy-virt"."""
    for place in ("proc/device-tree", "sys/firmware/devicetree/base"):
        if found := _read(root / place / "hypervisor/compatible"):
            return {"linux": "KVM", "xen": "Xen", "vmware": "VMware"}.get(found.partition(",")[0], found.split("\0")[0])
        if "dummy-virt" in (_read(root / place / "compatible") or "") or (root / place / "fw-cfg").exists():
            return "QEMU"
    return "QEMU" if (root / "sys/firmware/qemu_fw_cfg").exists() else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip("\0\n\t ") or None
    except OSError:
        return None
