#!/usr/bin/env python3
"""Asks a `who` server from a socket that carries a packet mark. In: mark, address, port; out: the address it
is seen as."""

import socket
import sys

mark, address, port = int(sys.argv[1], 0), sys.argv[2], int(sys.argv[3])
asking = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
asking.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
asking.connect((address, port))
print(asking.makefile().readline().strip())
