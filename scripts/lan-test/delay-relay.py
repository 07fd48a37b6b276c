"""The LAN test's relay, in Python because it reads raw frames off an interface, which Node cannot.

  delay-relay.py relay A B MS   passes every frame between interfaces A and B, each way MS milliseconds later
  delay-relay.py plain A        makes A put whole, checksummed packets on the wire, as a real card would
"""
import collections
import ctypes
import fcntl
import select
import socket
import struct
import sys
import time

SIOCETHTOOL = 0x8946
# Checksums, scatter-gather, segmentation of TCP and in general, receive offload: ETHTOOL_STXCSUM and its like.
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)
ETH_P_ALL = 3
FRAME_MAX = 65536
# What waits in the relay at most: 200 Mbit/s for half a second.
WAITING_MAX = 10_000


def make_plain(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = bytearray(struct.pack("II", command, 0))
            holder = (ctypes.c_char * len(value)).from_buffer(value)
            request = struct.pack("16sP", name.encode(), ctypes.addressof(holder)) + bytes(16)
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError:
                pass  # a device without this offload has nothing to turn off


def open_raw(name):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    raw.bind((name, 0))
    # Frames for others' addresses, too: PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC.
    raw.setsockopt(263, 1, struct.pack("IHH8s", socket.if_nametoindex(name), 1, 0, b""))
    return raw


def relay(first, second, delay):
    sockets = [open_raw(first), open_raw(second)]
    waiting = collections.deque()
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select(sockets, [], [], timeout)
        for source in readable:
            frame, address = source.recvfrom(FRAME_MAX)
            # What this relay itself puts on the wire comes by here again.
            if address[2] != socket.PACKET_OUTGOING and len(waiting) < WAITING_MAX:
                waiting.append((time.monotonic() + delay, sockets[source is sockets[0]], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, target, frame = waiting.popleft()
            try:
                target.send(frame)
            except OSError:
                pass  # the cable is out: the frame is lost


if __name__ == "__main__":
    if sys.argv[1] == "relay":
        for interface in sys.argv[2:4]:
            make_plain(interface)
        relay(sys.argv[2], sys.argv[3], float(sys.argv[4]) / 1000)
    else:
        make_plain(sys.argv[2])
