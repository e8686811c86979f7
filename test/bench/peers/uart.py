"""A UART's double: a terminal at LINK whose other side is a program on a terminal of its own, with a line between them.

usage: uart.py LINK BYTES_PER_S PROGRAM [ARGUMENT...]

The line carries BYTES_PER_S each way, in packets of 32 bytes as a UART's FIFO gives them; 0 isn't paced. 11520 is 115200 baud with
8N1, 92160 is 921600 baud. Runs until it is ended.
"""

import os
import pty
import sys
import threading
import time
import tty

PACKET = 32
# Seconds behind its time after which a line was idle, and not only late: a late packet is made up for, as time.sleep is never short.
IDLE = 0.02


def write_all(sink, data):
    while data:
        data = data[os.write(sink, data) :]


def carry(source, sink, rate):
    due = 0.0
    while True:
        try:
            data = os.read(source, 4096)
        except OSError:
            return
        if not rate:
            write_all(sink, data)
            continue
        for start in range(0, len(data), PACKET):
            packet = data[start : start + PACKET]
            now = time.perf_counter()
            due = (now if now - due > IDLE else due) + len(packet) / rate
            if due > now:
                time.sleep(due - now)
            write_all(sink, packet)


def main():
    link, rate, program = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    master, slave = pty.openpty()
    tty.setraw(slave)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(program[0], program)
    threading.Thread(target=carry, args=(master, terminal, rate), daemon=True).start()
    os.symlink(os.ttyname(slave), link)
    carry(terminal, master, rate)


main()
