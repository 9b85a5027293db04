"""Keeps packets for a while. In: the name of a tun device to make, milliseconds; every packet that is routed into the
device comes out of it again that much later. Prints "ready" once it does so. (The kernels at hand have no netem.)"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA  # linux/if_tun.h, as are the two flags
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

name, wait = sys.argv[1], float(sys.argv[2]) / 1000
tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
print("ready", flush=True)

waiting = collections.deque()
while True:
    timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([tun], [], [], timeout)[0]:
        try:
            while True:
                waiting.append((time.monotonic() + wait, os.read(tun, 65536)))
        except BlockingIOError:
            pass
    while waiting and waiting[0][0] <= time.monotonic():
        try:
            os.write(tun, waiting.popleft()[1])
        except OSError:
            pass  # the device was just set up or is about to go: a lost packet
