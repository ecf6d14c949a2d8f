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
  "lua >= 5.4, < 5.5",
}
build = {
  type = "builtin",
  modules = {
    pidfd = {
      sources = {
        "src/adopt.c",
        "src/arg.c",
        "src/await.c",
        "src/block.c",
        "src/borrow.c",
        "src/constants.c",
        "src/end.c",
        "src/explain.c",
        "src/fds.c",
        "src/file.c",
        "src/getfd.c",
        "src/handle.c",
        "src/id.c",
        "src/info.c",
        "src/launch.c",
        "src/loop.c",
        "src/memory.c",
        "src/namespace.c",
        "src/nonblock.c",
        "src/open.c",
        "src/own.c",
        "src/peer.c",
        "src/pid.c",
        "src/pidfd.c",
        "src/plan.c",
        "src/poll.c",
        "src/proc.c",
        "src/process.c",
        "src/result.c",
        "src/send_signal.c",
        "src/spawn.c",
        "src/supports.c",
        "src/sys.c",
        "src/terminate.c",
        "src/token.c",
        "src/wait.c",
        "src/waitid.c",
      },
    },
  },
  copy_directories = { "examples", "types" },
}
test = {
  type = "command",
  command = "make test",
}
