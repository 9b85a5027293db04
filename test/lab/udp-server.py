# A UDP service on all addresses that tells each client its address: udp-server.py KIND PORT [DEVICE]. KIND is
#   any     one socket on 0.0.0.0, one on ::    dual    one socket on ::, for both families
#   chosen  as any, but it answers from the address that was asked, by IP_PKTINFO
#   device  as any, bound to DEVICE             late    as any, but it answers once somebody on this machine says "go"
# Prints "ready", and "asked" for each question.
import select
import socket
import struct
import sys

kind, port = sys.argv[1], int(sys.argv[2])
IP_PKTINFO = 8


def server(family, host, v6only):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    if kind == 'chosen' and family == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    if kind == 'chosen' and family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    if kind == 'device':
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[3].encode())
    s.bind((host, port))
    return s


def answer(s, sender, asked):
    text = sender[0].replace('::ffff:', '').encode() + b'\n'
    if not asked:
        s.sendto(text, sender)
        return
    level, what, data = asked[0]
    if level == socket.IPPROTO_IP:
        data = struct.pack('=I', 0) + data[8:12] + data[8:12]
    else:
        data = data[:16] + struct.pack('=I', 0)
    s.sendmsg([text], [(level, what, data)], 0, sender)


if kind == 'dual':
    sockets = [server(socket.AF_INET6, '::', 0)]
else:
    sockets = [server(socket.AF_INET, '0.0.0.0', 1), server(socket.AF_INET6, '::', 1)]
print('ready', flush=True)
waiting = []
while True:
    for s in select.select(sockets, [], [])[0]:
        text, asked, _, sender = s.recvmsg(100, 100)
        if kind != 'late':
            answer(s, sender, asked)
        elif text.strip() == b'go':
            for question in waiting:
                answer(*question)
            waiting = []
        else:
            waiting.append((s, sender, asked))
        print('asked', flush=True)
