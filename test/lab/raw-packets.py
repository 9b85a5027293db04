#!/usr/bin/env python3
"""Sends what a LAN host sends for connections that are dead: late resets, stray FINs, ACKs and data, ICMP
errors, until it is ended. In: packets a second, source, destinations, source ports, kinds; out: a dot for each.
What it sends is by chance, and the same each time."""

import random
import socket
import struct
import sys
import time


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(source, destination, protocol, payload):
    def header(check):
        number = random.randrange(65536)
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, 0, 64, protocol, check,
                           source, destination)
    return header(checksum(header(0))) + payload


def tcp(source, destination, sport, dport, flags, data=b""):
    def segment(check):
        return struct.pack("!HHIIBBHHH", sport, dport, random.randrange(2**32), random.randrange(2**32), 0x50,
                           flags, 1000, check, 0) + data
    pseudo = source + destination + struct.pack("!BBH", 0, 6, 20 + len(data))
    return ip(source, destination, 6, segment(checksum(pseudo + segment(0))))


def unreachable(source, destination, about):
    def message(check):
        return struct.pack("!BBHI", 3, 3, check, 0) + about[:28]
    return ip(source, destination, 1, message(checksum(message(0))))


def main():
    rate = int(sys.argv[1])
    source = socket.inet_aton(sys.argv[2])
    destinations = [socket.inet_aton(address) for address in sys.argv[3].split(",")]
    ports = [int(port) for port in sys.argv[4].split(",")] if sys.argv[4:] and sys.argv[4] else []
    wanted = sys.argv[5].split(",") if sys.argv[5:] else []
    random.seed(1)
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    rst, ack, fin, syn = 0x04, 0x10, 0x01, 0x02
    while True:
        destination = random.choice(destinations)
        sport = random.choice(ports) if ports and random.random() < 0.7 else random.randrange(1024, 65536)
        kinds = {
            "rst": lambda: tcp(source, destination, sport, 7000, rst),
            "rst-ack": lambda: tcp(source, destination, sport, 7000, rst | ack),
            "fin": lambda: tcp(source, destination, sport, 7000, fin | ack),
            "ack": lambda: tcp(source, destination, sport, 7000, ack),
            "data": lambda: tcp(source, destination, sport, 7000, ack | 0x08, b"late data"),
            "syn-ack": lambda: tcp(source, destination, sport, 7000, syn | ack),
            "error": lambda: unreachable(source, destination, tcp(destination, source, 7000, sport, ack)),
        }
        kind = random.choice(wanted or list(kinds))
        out.sendto(kinds[kind](), (socket.inet_ntoa(destination), 0))
        print(".", end="", flush=True)
        time.sleep(1 / rate)


main()
