local child = require "spec.support.child"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- What the program ends its arguments, and its variables, with.
local function zeros(list)
  return table.concat(list, "\0") .. "\0"
end

describe("pidfd.spawn()", function()
  it("returns a pidfd of the child, and a table", function()
    spawned.with({ "sleep", "60" }, function(p, pipes)
      assert.equal("pidfd", pidfd.type(p))
      assert.same({}, pipes)
      assert.matches(("%%f[%%d]%d%%f[%%D]"):format(p:pid()),
        spawned.children())
      assert.is_false(p:poll(0))
    end)
  end)

  it("makes a pidfd that is close-on-exec and blocks", function()
    spawned.with({ "sleep", "60" }, function(p)
      assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
      assert.is_false(fds.has(p:fileno(), "NONBLOCK"))
    end)
  end)

  it("leaves the child alone when the pidfd is closed", function()
    spawned.with({ "sleep", "60" }, function(p)
      local other = assert(pidfd.open(p:pid()))
      p:close()
      assert.is_false(other:poll(0))
      other:close()
    end)
  end)

  it("leaves the child alone when the pidfd is collected", function()
    local pid = assert(pidfd.spawn({ "sleep", "60" })):pid()
    collectgarbage()
    local p = assert(pidfd.open(pid))
    assert.is_false(p:poll(0))
    assert(p:send_signal("KILL"))
    assert.equal("signal", (p:wait()))
    p:close()
  end)

  it("takes a table that is used again", function()
    local options = { "true" }
    for _ = 1, 2 do
      local p = assert(pidfd.spawn(options))
      assert.equal("exit", (p:wait()))
      p:close()
    end
    assert.same({ "true" }, options)
  end)

  it("works in a coroutine", function()
    coroutine.wrap(function()
      assert.equal("here\n", (spawned.output { "echo", "here" }))
    end)()
  end)

  it("leaves no descriptor behind when it succeeds", function()
    assert.equal(0, fds.leaked(function()
      for _ = 1, 4 do
        local p = assert(pidfd.spawn {
          "true", stdin = "pipe", stdout = "pipe", stderr = "null",
        })
        assert.equal("exit", (p:wait()))
      end
    end))
  end)

  it("leaves no descriptor and no child behind when it fails", function()
    local before = spawned.children()
    assert.equal(0, fds.leaked(function()
      for _ = 1, 4 do
        assert.is_nil((pidfd.spawn {
          "/nowhere", stdin = "pipe", stdout = "null", stderr = "pipe",
        }))
      end
    end))
    assert.equal(before, spawned.children())
  end)

  it("closes what it opened at once when it fails", function()
    collectgarbage()
    collectgarbage("stop")
    local before = fds.count()
    pidfd.spawn { "/nowhere", stdin = "pipe", stdout = "pipe",
      stderr = "null" }
    local after = fds.count()
    collectgarbage("restart")
    assert.equal(before, after)
  end)
end)

describe("a child of pidfd.spawn()", function()
  it("is waited for by p:wait()", function()
    spawned.with({ "sh", "-c", "exit 42" }, function(p)
      local how, code = p:wait()
      assert.equal("exit", how)
      assert.equal(42, code)
    end)
    spawned.with({ "sh", "-c", "kill -TERM $$" }, function(p)
      local how, code = p:wait()
      assert.equal("signal", how)
      assert.equal(pidfd.signal.TERM, code)
    end)
  end)

  it("is waited for by p:waitid()", function()
    spawned.with({ "sh", "-c", "exit 3" }, function(p)
      local pid = p:pid()
      local how, code, info = p:waitid(pidfd.flags.WEXITED)
      assert.equal("exit", how)
      assert.equal(3, code)
      assert.equal(pid, info.pid)
    end)
  end)

  it("is ended by p:terminate()", function()
    spawned.with({ "sleep", "60" }, function(p)
      local how, code = p:terminate(60)
      assert.equal("signal", how)
      assert.equal(pidfd.signal.TERM, code)
    end)
  end)

  it("is in the list of pidfd.poll() when it is over", function()
    spawned.with({ "sleep", "60" }, function(p)
      spawned.with({ "true" }, function(q)
        assert.equal(q, pidfd.poll({ p, q }, 60)[1])
      end)
    end)
  end)
end)

describe("the arguments of pidfd.spawn()", function()
  local odd = {
    ["empty"] = "",
    ["a space"] = " ",
    ["a newline"] = "a\nb\n",
    ["quotes and dollars"] = [["'$HOME`\]],
    ["invalid UTF-8"] = "\xff\xfe\x80",
    ["a dash"] = "--",
    ["100 KiB long"] = ("x"):rep(100 * 1024),
  }

  for name, argument in sorted(odd) do
    it("are passed as they are: " .. name, function()
      local arguments = { "first", argument, "last" }
      local text = spawned.output {
        "printf", "%s\\0", table.unpack(arguments)
      }
      assert.is_true(text == zeros(arguments))
    end)
  end

  it("may be many", function()
    local options = { "printf", "%s\\0" }
    local expected = {}
    for i = 1, 500 do
      options[i + 2], expected[i] = tostring(i), tostring(i)
    end
    assert.is_true(spawned.output(options) == zeros(expected))
  end)

  it("begin with a name that need not be the file's", function()
    local text = spawned.output {
      "an odd\nname", "/proc/self/cmdline", path = "/bin/cat",
    }
    assert.equal(zeros { "an odd\nname", "/proc/self/cmdline" }, text)
  end)

  it("begin with a name that may be empty", function()
    local text = spawned.output {
      "", "/proc/self/cmdline", path = "/bin/cat",
    }
    assert.equal(zeros { "", "/proc/self/cmdline" }, text)
  end)
end)

describe("the environment of pidfd.spawn()", function()
  local function environment(env)
    return spawned.environment { path = "/bin/cat", env = env }
  end

  it("is inherited when it is not given", function()
    local output = run.under("A='1\n2' B=; export A B; exec", [[
      require("pidfd").spawn({ "printenv", "A", "B", "PATH" }):wait()
    ]])
    assert.equal("1\n2\n\n" .. os.getenv("PATH") .. "\n", output)
  end)

  it("is exactly what is given", function()
    assert.same({ "A=1", "B=", "C=x=y", "D=\xff\n " },
      environment { A = "1", B = "", C = "x=y", D = "\xff\n " })
  end)

  it("is empty when an empty table is given", function()
    assert.same({}, environment {})
  end)

  it("may be large", function()
    local env, expected = {}, {}
    for i = 1, 200 do
      env["V" .. i] = ("v"):rep(100)
      expected[i] = ("V%d=%s"):format(i, ("v"):rep(100))
    end
    table.sort(expected)
    assert.same(expected, environment(env))
  end)

  it("has no say in where the program is searched", function()
    local text, how = spawned.output { "echo", "x", env = { PATH = "/none" } }
    assert.equal("exit", how)
    assert.equal("x\n", text)
  end)
end)

describe("the directory of pidfd.spawn()", function()
  it("is ours when it is not given", function()
    local here = script.run("require('pidfd').spawn{'pwd', '-P'}:wait()")
    assert.equal(here, (spawned.output { "pwd", "-P" }))
  end)

  it("is the one that is given", function()
    assert.equal("/proc\n", (spawned.output { "pwd", "-P", cwd = "/proc" }))
  end)

  it("is where a program with a relative path is looked for", function()
    local text = spawned.output { "bin/echo", "x", cwd = "/usr" }
    assert.equal("x\n", text)
  end)

  it("is not changed here", function()
    local before = spawned.output { "pwd", "-P" }
    spawned.output { "true", cwd = "/proc" }
    assert.equal(before, (spawned.output { "pwd", "-P" }))
  end)
end)

describe("two children of pidfd.spawn()", function()
  it("do not keep each other's pipes open", function()
    spawned.with({ "cat", stdin = "pipe", stdout = "pipe" },
      function(p, pipes)
        spawned.with({ "cat", stdin = "pipe", stdout = "pipe" }, function()
          pipes.stdin:close()
          assert.is_true(p:poll(60))
          local output = assert(pipes.stdout:file())
          assert.equal("", output:read("a"))
          output:close()
        end)
      end)
  end)

  it("leave a child of io.popen() without their pipes", function()
    spawned.with({ "cat", stdin = "pipe", stdout = "pipe" },
      function(p, pipes)
        child.with(function()
          pipes.stdin:close()
          assert.is_true(p:poll(60))
        end)
      end)
  end)
end)
