# What Python's standard library has of it, since Python 3.9, on bare
# numbers. It has no pidfd_getfd. See run.lua.

import os
import platform
import select
import signal
import sys
import time


def open_close(count):
    pid = os.getpid()
    for _ in range(count):
        os.close(os.pidfd_open(pid))


def send_signal(count):
    p = os.pidfd_open(os.getpid())
    for _ in range(count):
        signal.pidfd_send_signal(p, 0)


def poll(count):
    poller = select.poll()
    poller.register(os.pidfd_open(os.getpid()), select.POLLIN)
    for _ in range(count):
        poller.poll(0)


MEASURES = {"open": open_close, "send_signal": send_signal, "poll": poll}


def measure(name, count):
    run = MEASURES[name]
    run(count // 10)  # warm up
    start = time.process_time_ns()
    run(count)
    print((time.process_time_ns() - start) / count)


if len(sys.argv) == 3:
    measure(sys.argv[1], int(sys.argv[2]))
elif hasattr(os, "pidfd_open"):
    print("Python " + platform.python_version(), *MEASURES, sep="\n")
else:
    sys.exit("Python 3.9 or newer is wanted")
