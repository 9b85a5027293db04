# Waits until nothing is left to happen by itself: the kernel is done with its interfaces and addresses, and the monitor
# whose process id is given has taken in all that it was told. Nothing here is a matter of time: what sleeps with
# nothing before it goes on sleeping. Run in the box's namespaces. usage: rest.py [MONITOR]
import array
import fcntl
import json
import os
import subprocess
import sys
import termios
import time

wake = "/run/multilink/.wake"
look_seconds = "60"  # monitor.sh: its timer while addresses are kept; any other one is something left to do


def unsettled():
    """Interfaces of which the kernel has not told yet that the carrier came or went, or that are still looking for
    their addresses on the network (RFC 4862)."""
    listed = subprocess.run(["ip", "-j", "address", "show", "up"], check=True, stdout=subprocess.PIPE)
    # It lists what is not up as {}.
    for device in filter(None, json.loads(listed.stdout)):
        carrier = "LOWER_UP" in device["flags"]
        if carrier == ("NO-CARRIER" in device["flags"]):
            return True
        if carrier and any(address.get("tentative") for address in device.get("addr_info", [])):
            return True
    return False


def finish_telling():
    """Returns when the kernel has told all that belongs to what can be seen already: whoever changes an interface holds
    the lock of rtnetlink until it is told. (lo is up, so this tells nothing.)"""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def settled():
    # The second look sees the addresses that came with the carrier of the first.
    for _ in range(2):
        if unsettled():
            return False
        finish_telling()
    return True


def read(path):
    with open(path, "rb") as file:
        return file.read().decode()


def words_of(process):
    return read(f"/proc/{process}/cmdline").split("\0")[:-1]


def children_of(process):
    return read(f"/proc/{process}/task/{process}/children").split()


def sleeps(process):
    return read(f"/proc/{process}/stat").rpartition(")")[2].split()[0] == "S"


def switches(process):
    """Grows whenever the process runs."""
    return [line for line in read(f"/proc/{process}/status").splitlines() if "ctxt_switches" in line]


def is_empty(fifo):
    if not os.path.exists(fifo):
        return True
    end = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    waiting = array.array("i", [0])
    fcntl.ioctl(end, termios.FIONREAD, waiting)
    os.close(end)
    return waiting[0] == 0


def is_told_all(source):
    """Whether its netlink socket is empty. sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode"""
    links = (os.readlink(f"/proc/{source}/fd/{name}") for name in os.listdir(f"/proc/{source}/fd"))
    sockets = {link[len("socket:["):-1] for link in links if link.startswith("socket:[")}
    lines = [line.split() for line in read("/proc/net/netlink").splitlines()[1:]]
    own = [line for line in lines if line[9] in sockets and line[3] != "00000000"]
    return len(own) == 1 and own[0][4] == "0"


def is_zombie(process):
    return read(f"/proc/{process}/stat").rpartition(")")[2].split()[0] == "Z"


def look(monitor):
    """What must not have changed at the next look, or None where something is at work or waits: from the kernel's end
    of the queues to the shell."""
    watchers = {}
    for child in children_of(monitor):
        words = words_of(child)
        if words[:4] == ["ip", "-N", "-o", "monitor"]:
            watchers["source"] = child
        elif words[:1] == ["mawk"] and words[-1].endswith("/monitor.awk"):
            watchers["filter"] = child
        elif any(word.endswith("/prober.sh") for word in words):
            continue
        elif is_zombie(child):
            continue
        elif [words_of(each) for each in children_of(child)] != [["sleep", look_seconds]]:
            return None
    if len(watchers) == 1:
        return None
    if watchers:
        source, filter_ = watchers["source"], watchers["filter"]
        if not (is_told_all(source) and sleeps(source)):
            return None
        if not (is_empty(f"/proc/{filter_}/fd/0") and sleeps(filter_)):
            return None
    if not (is_empty(wake) and sleeps(monitor)):
        return None
    return [(process, switches(process)) for process in [*watchers.values(), monitor]]


def rests(monitor):
    """Two looks alike: between them nobody ran, and all queues were empty."""
    try:
        first = look(monitor)
        return first is not None and look(monitor) == first
    except (FileNotFoundError, ProcessLookupError):
        if not os.path.exists(f"/proc/{monitor}"):
            sys.exit(f"the monitor {monitor} has ended")
        return False


while not (settled() and all(rests(monitor) for monitor in sys.argv[1:])):
    time.sleep(0.02)
