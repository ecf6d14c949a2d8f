-- What a child of pidfd.spawn() may use: umask, nice, rlimits, oom_score_adj.

local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- A file of the child's /proc directory, of one that does nothing else.
local function file(name, options)
  options[1], options[2] = "cat", "/proc/self/" .. name
  options.setenv = { LD_PRELOAD = false } -- a sanitizer wants much memory
  return (spawned.output(options))
end

local function fails_as(step, errno, options)
  options[1] = "true"
  local children = spawned.children()
  local value, message, code = pidfd.spawn(options)
  fails("spawn", errno, value, message, code)
  assert.equal(("spawn: %s: "):format(step),
    message:sub(1, #step + #"spawn: : "))
  assert.equal(children, spawned.children())
end

describe("the option umask of pidfd.spawn()", function()
  for _, mask in ipairs { 0, 63, 511 } do
    it(("sets it: %04o"):format(mask), function()
      assert.equal(("%04o\n"):format(mask),
        (spawned.output { "sh", "-c", "umask", umask = mask }))
    end)
  end

  it("leaves ours as it is", function()
    local before = read("/proc/self/status"):match("\nUmask:[^\n]*")
    spawned.output { "true", umask = 511 }
    assert.equal(before, read("/proc/self/status"):match("\nUmask:[^\n]*"))
  end)

  it("is ours without it", function()
    assert.equal(read("/proc/self/status"):match("\nUmask:[^\n]*"),
      file("status", {}):match("\nUmask:[^\n]*"))
  end)
end)

-- The nice value of a process, field 19 of this text.
local function nice_in(stat)
  return tonumber(stat:match("%) %a" .. (" %S+"):rep(15) .. " (%S+)"))
end

describe("the option nice of pidfd.spawn()", function()
  -- As a child tells it that inherits it: an emulator tells 0.
  local function ours()
    local pipe = assert(io.popen("nice"))
    local value = pipe:read("n")
    pipe:close()
    return value
  end

  it("is added to ours", function()
    local before = ours()
    assert.equal(math.min(19, before + 3),
      nice_in(file("stat", { nice = 3 })))
    assert.equal(before, ours())
  end)

  it("goes as far as it can", function()
    assert.equal(19, nice_in(file("stat", { nice = 19 })))
    assert.equal("19\n", (run.under("exec nice -n 10", [[
      require("pidfd").spawn({ "nice", nice = 19 }):wait()
    ]])))
  end)

  it("goes as far down as it can", function()
    local output = run.under("exec nice -n -5", [[
      require("pidfd").spawn({ "nice" }):wait()
      require("pidfd").spawn({ "nice", nice = -20 }):wait()
    ]])
    if not output:find("^%-5\n") then
      pending("needs the right to a lower nice value")
    end
    assert.equal("-5\n-20\n", output)
  end)

  it("is ours without it, and with 0", function()
    assert.equal(ours(), nice_in(file("stat", {})))
    assert.equal(ours(), nice_in(file("stat", { nice = 0 })))
  end)

  it("fails with EACCES for a lower one without the right", function()
    local program = [[
      local pidfd = require "pidfd"
      local p, message, code = pidfd.spawn { "true", nice = -1 }
      print(p, message:match("^spawn: setpriority: "), pidfd.errno[code])
    ]]
    local output = run.is_root() and run.as_stranger(program)
      or run.under("ulimit -e 0 2>/dev/null; exec", program)
    assert.equal("nil\tspawn: setpriority: \tEACCES\n", output)
  end)

  it("is lower before the user changes", function()
    run.need_root()
    local list = { nice = -1, uid = 65534, gid = 65534, groups = {} }
    assert.equal(ours() - 1, nice_in(file("stat", list)))
  end)
end)

-- Soft and hard limit, as /proc/PID/limits tells them.
local function limit_in(text, name)
  local soft, hard = text:match("\n" .. name .. "%s+(%S+)%s+(%S+)")
  return soft .. " " .. hard
end

describe("the option rlimits of pidfd.spawn()", function()
  -- Of all limits, the name in /proc.
  local names = {
    as = "Max address space", core = "Max core file size",
    cpu = "Max cpu time", data = "Max data size", fsize = "Max file size",
    locks = "Max file locks", memlock = "Max locked memory",
    msgqueue = "Max msgqueue size", nice = "Max nice priority",
    nofile = "Max open files", nproc = "Max processes",
    rss = "Max resident set", rtprio = "Max realtime priority",
    rttime = "Max realtime timeout", sigpending = "Max pending signals",
    stack = "Max stack size",
  }

  for name, title in sorted(names) do
    it("sets the soft and the hard limit: " .. name, function()
      local hard = limit_in(file("limits", {}), title):match("%S+$")
      local soft = hard == "0" and 0 or 1
      if name == "as" or name == "data" or name == "stack" then
        if run.is_emulated() then
          pending("a limit that an emulator takes for its own")
        end
        soft = 2 ^ 28 -- the program has to start
      elseif name == "nofile" then
        soft = 16
      end
      local limit = hard == "unlimited" and hard or tonumber(hard)
      local text = file("limits", { rlimits = { [name] = { soft, limit } } })
      assert.equal(("%d %s"):format(soft, hard), limit_in(text, title))
    end)
  end

  it("sets both by one number", function()
    local text = file("limits", { rlimits = { core = 0, nofile = 20 } })
    assert.equal("0 0", limit_in(text, names.core))
    assert.equal("20 20", limit_in(text, names.nofile))
  end)

  it("takes 64 bits", function()
    local hard = limit_in(file("limits", {}), names.fsize):match("%S+$")
    if hard ~= "unlimited" then
      pending("needs an unlimited file size")
    end
    local limits = {
      [2 ^ 40] = "1099511627776", [2 ^ 62] = "4611686018427387904",
      [math.maxinteger] = math.maxinteger == 2 ^ 53 - 1
        and "9007199254740991" or "9223372036854775807",
    }
    for limit, number in pairs(limits) do
      local text = file("limits", { rlimits = { fsize = limit } })
      assert.equal(number .. " " .. number, limit_in(text, names.fsize))
    end
  end)

  it("leaves all others, and ours, as they are", function()
    local before = read("/proc/self/limits")
    local text = file("limits", { rlimits = { core = 0 } })
    assert.equal(before, read("/proc/self/limits"))
    assert.equal(limit_in(before, names.nofile),
      limit_in(text, names.nofile))
  end)

  it("takes the descriptors that are named, whatever the limit", function()
    local _, how, code = spawned.output {
      "sh", "-c", "test -e /proc/self/fd/40", rlimits = { nofile = 4 },
      fds = { [40] = 0 },
    }
    assert.equal("exit", how)
    assert.equal(0, code)
  end)

  it("fails with EINVAL for a soft limit above the hard one", function()
    fails_as("setrlimit nofile", "EINVAL",
      { rlimits = { core = 0, nofile = { 11, 10 } } })
  end)

  it("fails with EPERM for a higher hard limit without the right", function()
    local program = [[
      local pidfd = require "pidfd"
      local p, message, code =
        pidfd.spawn { "true", rlimits = { core = "unlimited" } }
      print(p, message:match("^spawn: setrlimit core: "), pidfd.errno[code])
    ]]
    local command = "ulimit -c 0; exec"
    if run.is_root() then
      command = command .. " setpriv --bounding-set=-sys_resource"
        .. " --inh-caps=-sys_resource"
    end
    assert.equal("nil\tspawn: setrlimit core: \tEPERM\n",
      run.under(command, program))
  end)

  it("makes no descriptor that stays when it fails", function()
    assert.equal(0, fds.leaked(function()
      assert.is_nil((pidfd.spawn {
        "true", rlimits = { nofile = { 2, 1 } }, stdin = "pipe",
      }))
    end))
  end)

  it("names what is wrong", function()
    for value, reason in pairs {
      [-1] = "got %-1", [math.mininteger] = "got %-", [0.5] = "got 0%.5",
      [2 ^ 64] = "got 1%.8446744073",
      [2 ^ 63] = "got 9%.2233720368",
      ["1"] = "got '1'", [1 / 0] = "got inf", [true] = "got true",
      [{ 1 }] = "{soft, hard} expected, got another table",
      [{ 1, 2, 3 }] = "{soft, hard} expected, got another table",
      [{ 1, x = 2 }] = "{soft, hard} expected, got another table",
      [{ 1, {} }] = "got table", [0 / 1 - 1e300] = "got %-1e%+300",
    } do
      assert.error_matches(function()
        pidfd.spawn { "true", rlimits = { core = value } }
      end, "rlimits%.core: .*" .. reason)
    end
    for _, name in ipairs { "files", "CORE", "", "core\0", 1, true } do
      assert.error_matches(function()
        pidfd.spawn { "true", rlimits = { core = 0, [name] = 0 } }
      end, "rlimits: 'as', 'core', .* or 'stack' expected, got ")
    end
  end)
end)

describe("the option oom_score_adj of pidfd.spawn()", function()
  it("sets it, and leaves ours as it is", function()
    local before = read("/proc/self/oom_score_adj")
    for _, value in ipairs { 1000, tonumber(before) + 1 } do
      assert.equal(value .. "\n",
        file("oom_score_adj", { oom_score_adj = value }))
      assert.equal(before, read("/proc/self/oom_score_adj"))
    end
  end)

  it("is ours without it", function()
    assert.equal(read("/proc/self/oom_score_adj"), file("oom_score_adj", {}))
  end)

  it("fails with EACCES for a lower one without the right", function()
    local program = [[
      local pidfd = require "pidfd"
      local p, message, code = pidfd.spawn { "true", oom_score_adj = -1000 }
      print(p, message:match("^spawn: write /proc/self/oom_score_adj: "),
        pidfd.errno[code])
    ]]
    local output = run.is_root() and run.as_stranger(program)
      or run.under("exec", program)
    assert.equal(
      "nil\tspawn: write /proc/self/oom_score_adj: \tEACCES\n", output)
  end)

  it("fails with ENOENT where /proc is not mounted", function()
    if os.getenv("LD_PRELOAD") then
      pending("a sanitizer complains where /proc is not mounted")
    end
    assert.equal("ENOENT\n", (run.unshared_by_root(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3,
        pidfd.spawn { "true", oom_score_adj = 1000 })])
      os.exit()
    ]])))
  end)
end)
