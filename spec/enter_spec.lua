local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

local EXAMPLE = "examples/enter.lua"

-- Lend the pid of a process that is in a user namespace of its own, and in
-- network and uts namespaces that belong to it, with the host name "inside".
local function inside(use)
  local command = "hostname inside && echo ready && exec sleep 60"
  child.ready({ "unshare", "--user", "--map-root-user", "--net", "--uts",
    "sh", "-c", command, stderr = "null" }, function(p, said)
    if not said then
      pending("needs namespaces of its own")
    end
    use(p:pid())
  end)
end

local function assert_ends(code, ...)
  local output, errors, how, status = script.run(EXAMPLE, ...)
  assert.same({ "exit", code }, { how, status })
  return output, errors
end

describe("examples/enter.lua", function()
  it("runs a command in the namespaces of the process", function()
    inside(function(pid)
      local output, errors = assert_ends(0, pid, "user", "uts", "net", "--",
        "sh", "-c", "hostname; cat /proc/self/net/dev")
      assert.equal("", errors)
      assert.matches("^inside\n", output)
      local devices = read(("/proc/%d/net/dev"):format(pid))
      assert.equal("inside\n" .. devices, output)
    end)
  end)

  it("leaves the others as they are", function()
    inside(function(pid)
      local output = assert_ends(0, pid, "user", "uts", "--",
        "readlink", "/proc/self/ns/net")
      assert.equal(spawned.output { "readlink", "/proc/self/ns/net" }, output)
    end)
  end)

  it("is root in the user namespace", function()
    inside(function(pid)
      assert.equal("0 0\n",
        (assert_ends(0, pid, "user", "--", "sh", "-c",
          "echo $(id -u) $(id -g)")))
    end)
  end)

  it("gives the command its arguments and streams as they are", function()
    inside(function(pid)
      local output, errors = assert_ends(0, pid, "user", "--", "sh", "-c",
        'printf "%s|" "$@"; echo oops >&2; cat', "sh", "", "a b", "--", "$x")
      assert.equal("|a b|--|$x|", output)
      assert.equal("oops\n", errors)
    end)
  end)

  it("ends with the status of the command", function()
    inside(function(pid)
      assert_ends(0, pid, "user", "--", "true")
      assert_ends(42, pid, "user", "--", "sh", "-c", "exit 42")
    end)
  end)

  it("ends with 128 and the number of the signal", function()
    inside(function(pid)
      assert_ends(137, pid, "user", "--", "sh", "-c", "kill -KILL $$")
    end)
  end)

  it("leaves Ctrl-C to the command", function()
    inside(function(pid)
      local act = "trap 'echo caught; exit 3' INT; echo ready; " ..
        "while :; do sleep 1 & wait; done"
      local command = "exec " .. script.command(EXAMPLE, pid, "user", "--",
        "sh", "-c", act)
      local p, pipes = assert(pidfd.spawn { "sh", "-c", command,
        stdout = "pipe", session = true, pdeathsig = "KILL" })
      local output = assert(pipes.stdout:file())
      assert.equal("ready", output:read())
      repeat until p:proc("stat"):match("%) (%a)") == "S" -- it waits
      os.execute(("kill -INT -%d"):format(p:pid()))
      assert.equal("caught", output:read())
      assert.same({ "exit", 3 }, { p:wait(60) })
      output:close()
      p:close()
    end)
  end)

  it("ends with 127 where there is no such command", function()
    inside(function(pid)
      local output, errors = assert_ends(127, pid, "user", "--",
        "/nonesuch")
      assert.equal("", output)
      assert.matches("^enter: spawn: .*/nonesuch", errors)
    end)
  end)

  it("ends with 126 where the command cannot be run", function()
    inside(function(pid)
      local _, errors = assert_ends(126, pid, "user", "--", "/dev/null")
      assert.matches("^enter: spawn: ", errors)
    end)
  end)

  it("runs nothing where it may not enter", function()
    local program = "arg = { [0] = 'enter', arg[1], 'uts', '--', 'echo' } "
    local output = run.as_stranger(program .. read(EXAMPLE))
    assert.matches("^enter: setns %d+: [^\n]*\n$", output)
  end)

  it("runs nothing where there is no such process", function()
    local output, errors = assert_ends(1, child.reaped(), "uts", "--",
      "echo", "here")
    assert.equal("", output)
    assert.matches("^enter: open %d+: [^\n]*\n$", errors)
  end)

  it("fails where nobody tells how the command ended", function()
    local filter = compiled.need_program("filter")
    filter = filter .. " 25 ioctl -- "
    if not os.execute(filter .. "true") then
      pending("needs seccomp filters")
    end
    inside(function(pid)
      local deaf = "env --ignore-signal=CHLD " .. filter
      local file = assert(io.popen(deaf .. script.command(EXAMPLE, pid, "user",
        "--", "true") .. " 2>&1"))
      local output = file:read("a")
      local _, how, code = file:close()
      if output == "" and code == 0 then
        pending("/proc has told before the kernel has removed the child")
      end
      assert.equal("enter: nobody tells how it ended\n", output)
      assert.same({ "exit", 1 }, { how, code })
    end)
  end)

  it("complains about an unknown kind", function()
    local output, errors = assert_ends(2, child.self(), "network", "--",
      "echo", "here")
    assert.equal("", output)
    assert.equal("enter: there are no namespaces 'network'\n", errors)
  end)

  for _, words in ipairs {
    {}, { "1" }, { "1", "net" }, { "1", "net", "--" }, { "1", "--", "true" },
    { "x", "net", "--", "true" }, { "0", "net", "--", "true" },
    { "-1", "net", "--", "true" }, { "1", "net", "true" },
    { "2147483648", "net", "--", "true" },
  } do
    local line = table.concat(words, " ")
    it(("explains itself if called with '%s'"):format(line), function()
      local output, errors = assert_ends(2, table.unpack(words))
      assert.equal("", output)
      assert.matches("^usage: ", errors)
    end)
  end
end)
