# The same in Python's standard library. See spawn_run.lua.

import subprocess
import sys
import time

METHOD, COUNT, MIB = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def run(count):
    for _ in range(count):
        if getattr(subprocess, METHOD)(["/bin/true"]).wait() != 0:
            sys.exit("not true")


heap = b"x" * (MIB << 20)
run(COUNT // 10 + 1)  # warm up
start = time.monotonic_ns()
run(COUNT)
print((time.monotonic_ns() - start) / COUNT)
