rockspec_format = "3.0"
package = "pidfd"
version = "scm-1"
source = {
  url = "git+file://.",
}
description = {
  summary = "Processes of Linux, held by descriptor instead of by number",
  detailed = [[
    Signals that cannot hit a stranger, waiting for any process, child or
    not, and descriptors taken out of a process that is already running:
    what Linux can do with a pidfd.
  ]],
  labels = { "linux", "process", "posix" },
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = {
  "lua >= 5.1, < 5.6",
}
build = {
  type = "builtin",
  modules = {
    pidfd = {
      sources = {
        "src/api/adopt.c",
        "src/api/fds.c",
        "src/api/file.c",
        "src/api/getfd.c",
        "src/api/id.c",
        "src/api/info.c",
        "src/api/lines.c",
        "src/api/loop.c",
        "src/api/memory.c",
        "src/api/namespace.c",
        "src/api/nonblock.c",
        "src/api/open.c",
        "src/api/own.c",
        "src/api/peer.c",
        "src/api/pid.c",
        "src/api/poll.c",
        "src/api/proc.c",
        "src/api/send_signal.c",
        "src/api/spawn.c",
        "src/api/stream.c",
        "src/api/supports.c",
        "src/api/terminate.c",
        "src/api/token.c",
        "src/api/wait.c",
        "src/api/waitid.c",
        "src/compat.c",
        "src/linux/cgroup.c",
        "src/linux/child.c",
        "src/linux/clone.c",
        "src/linux/end.c",
        "src/linux/input.c",
        "src/linux/interpreter.c",
        "src/linux/launch.c",
        "src/linux/move.c",
        "src/linux/nowait.c",
        "src/linux/probe.c",
        "src/linux/process.c",
        "src/linux/raw_arm.c",
        "src/linux/raw_arm64.c",
        "src/linux/raw_i386.c",
        "src/linux/raw_other.c",
        "src/linux/raw_riscv64.c",
        "src/linux/raw_x86_64.c",
        "src/linux/signal.c",
        "src/linux/sys_clone.c",
        "src/linux/sys_descriptor.c",
        "src/linux/sys_file.c",
        "src/linux/sys_pidfd.c",
        "src/linux/sys_probe.c",
        "src/linux/sys_result.c",
        "src/linux/sys_self.c",
        "src/linux/sys_stream.c",
        "src/linux/sys_wait.c",
        "src/linux/world.c",
        "src/lua/arg.c",
        "src/lua/await.c",
        "src/lua/block.c",
        "src/lua/borrow.c",
        "src/lua/constants.c",
        "src/lua/copy.c",
        "src/lua/explain.c",
        "src/lua/handle.c",
        "src/lua/job.c",
        "src/lua/plan.c",
        "src/lua/result.c",
        "src/lua/start.c",
        "src/lua/stream.c",
        "src/pidfd.c",
      },
    },
  },
  copy_directories = { "doc", "examples", "types" },
}
test = {
  type = "command",
  command = "make test",
}
