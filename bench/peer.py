# What Python's standard library has of it, since Python 3.9, on bare
# numbers. It has no pidfd_getfd. See run.lua.

import functools
import os
import platform
import select
import signal
import statistics
import subprocess
import sys
import time

MANY = 10000
BENCH = os.path.dirname(sys.argv[0])
BUILD = os.environ.get("BUILD", os.path.join(BENCH, "../build"))
RAW = os.path.join(BUILD, "bench/raw")


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


@functools.cache  # made while it warms up
def poller_of_many():
    poller = select.poll()
    for _ in range(MANY):
        poller.register(os.pidfd_open(os.getpid()), select.POLLIN)
    return poller


def poll_many(count):
    poller = poller_of_many()
    for _ in range(count):
        poller.poll(0)


def latency():
    child = subprocess.Popen([RAW, "end"], stdout=subprocess.PIPE)
    p = os.pidfd_open(int(child.stdout.readline()))
    os.waitid(os.P_PIDFD, p, os.WEXITED)
    now = time.monotonic_ns()
    before = int(child.stdout.readline())
    os.close(p)
    child.wait()
    return now - before


def wait_for_end(count):
    return statistics.median(latency() for _ in range(count))


MEASURES = {
    "open": open_close,
    "send_signal": send_signal,
    "poll": poll,
    "poll_many": poll_many,
    "wait": wait_for_end,
}


def measure(name, count):
    run = MEASURES[name]
    run(count // 10)  # warm up
    start = time.process_time_ns()
    nanoseconds = run(count)  # if it has a clock of its own
    print(nanoseconds or (time.process_time_ns() - start) / count)


if len(sys.argv) == 3:
    measure(sys.argv[1], int(sys.argv[2]))
elif hasattr(os, "pidfd_open"):
    print("Python " + platform.python_version(), *MEASURES, sep="\n")
else:
    sys.exit("Python 3.9 or newer is wanted")
