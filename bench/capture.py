# The same with Python's standard library. See capture_run.lua.

import subprocess
import sys
import time

MEASURE, COUNT = sys.argv[1], int(sys.argv[2])


def run(words, data=None):
    done = subprocess.run(words, input=data, capture_output=True)
    if done.returncode != 0:
        sys.exit("it failed")
    return done.stdout


def some(count):
    for _ in range(count):
        run(["/bin/true"])


if MEASURE == "true":
    some(COUNT // 10 + 1)  # warm up
    start = time.monotonic_ns()
    some(COUNT)
    print((time.monotonic_ns() - start) // COUNT)
else:
    size = COUNT << 20
    data = b"x" * size if MEASURE == "both" else None
    words = ["/usr/bin/head", "-c", str(size), "/dev/zero"]
    start = time.monotonic_ns()
    result = run(["/bin/cat"] if data else words, data)
    print(time.monotonic_ns() - start)
    if len(result) != size:
        sys.exit("not all")
