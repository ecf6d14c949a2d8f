-- The scenarios of 'make oom', and more for what they leave out: those are
-- about memory, and make few system calls.

local pidfd = require "pidfd"
local scenarios = require "spec.oom.scenarios"
local stage = require "spec.oom.stage"

local function spawning(options)
  return function()
    local p, pipes
    return function()
      p, pipes = pidfd.spawn(options)
      assert(p, pipes)
    end, function()
      if p then
        p:wait()
        p:close()
      end
    end
  end
end

-- A child that runs until it is ended.
local function running(options, call)
  options[1], options[2], options.stdin = "/bin/sleep", "60", "null"
  return function()
    local p = assert(pidfd.spawn(options))
    return function()
      return call(p)
    end, function()
      p:send_signal("KILL")
      p:wait()
      p:close()
    end
  end
end

-- The path of a cgroup, which is removed at the end, or nil.
local keeper
local function new_cgroup()
  for line in io.lines("/proc/self/mountinfo") do
    local path = line:match("^%S+ %S+ %S+ %S+ (%S+) .* %- cgroup2 ")
    path = path and path .. "/pidfd-inject"
    if path and os.execute("/bin/mkdir -p " .. path .. " 2>/dev/null") then
      keeper = setmetatable({}, { __gc = function()
        os.remove(path)
      end })
      return path, keeper
    end
  end
end

local function supporting(name)
  return function()
    return function()
      pidfd.supports(name)
    end
  end
end

-- An event comes without a sleep where it has come before.
local function ended(call)
  return stage.on_child({ "true" }, function(p)
    assert(p:poll())
    return call(p)
  end)
end

scenarios["require"] = nil -- makes no system call
scenarios["pidfd.spawn family"] = spawning {
  "true", session = true, pdeathsig = "TERM", nnp = true, cwd = "/",
}
scenarios["pidfd.spawn apart"] = spawning { "true", uid = 0, gid = 0 }
scenarios["pidfd.spawn pgroup"] = spawning { "true", pgroup = 0 }
scenarios["pidfd.spawn plain"] = spawning { "true" }
scenarios["pidfd.spawn autoreap"] = spawning { "true", autoreap = true }
scenarios["pidfd.run"] = function()
  return function()
    local result = assert(pidfd.run { "true", input = "x", timeout = 60 })
    assert(result.how)
  end
end
scenarios["pidfd.run group"] = function()
  return function()
    assert(pidfd.run { "/bin/sleep", "1", timeout = 0, linger = 0 })
  end
end
scenarios["pidfd.run process"] = function()
  return function()
    assert(pidfd.run {
      "/bin/sleep", "1", timeout = 0, scope = "process", stdout = "null",
    })
  end
end
scenarios["pidfd.spawn knobs"] = spawning {
  "true", umask = 18, nice = 1, rlimits = { core = 0, nofile = 20 },
  setenv = { A = "1" }, keepsignals = { "HUP" },
}
scenarios["pidfd.spawn ctty"] = spawning {
  "true", session = true, ctty = 0, stdin = "null",
}
scenarios["pidfd.spawn oom"] = spawning { "true", oom_score_adj = 1000 }
scenarios["p:terminate process"] = stage.on_child({ "true" }, function(p)
  assert(p:terminate(0.01))
end)
scenarios["p:terminate group"] = running({ pgroup = 0 }, function(p)
  assert(p:terminate(0.01, "group"))
end)
local cgroup = new_cgroup()
if cgroup then
  scenarios["p:terminate cgroup"] = running({ cgroup = cgroup }, function(p)
    assert(p:dup()):close()
    assert(p:terminate(0.01, "cgroup"))
  end)
end
scenarios["p:poll ended"] = ended(function(p)
  assert(p:poll(1))
end)
scenarios["p:wait foreign"] = ended(function(p)
  assert(p:waitid(pidfd.flags.WEXITED))
  assert(p:dup():wait())
end)
scenarios["p:info ended"] = ended(function(p)
  p:info()
end)
scenarios["p:send_signal value"] = stage.on_child({ "true" }, function(p)
  assert(p:send_signal(0, 0, 7))
end)
scenarios["pidfd.from_token"] = function()
  local p = assert(pidfd.self())
  local token = p:token()
  p:close()
  return function()
    assert(pidfd.from_token(token))
    assert(not pidfd.from_token("no token"))
  end
end
scenarios["p:madvise"] = stage.on_child({ "true" }, function(p)
  p:madvise("COLD", {})
end)
for name in ("autoreap coredump_code getfd id info info_exit madvise mrelease "
  .. "namespaces nonblock passpidfd peer pid_in_namespace proc signal_scopes "
  .. "thread "
  .. "waitid"):gmatch("%S+") do
  scenarios["pidfd.supports " .. name] = supporting(name)
end

local names = {}
for name in pairs(scenarios) do
  names[#names + 1] = name
end
table.sort(names)

-- Where a scenario's own check may fail though no function did: another
-- answer is right then.
local answers = {
  ["pidfd.supports"] = true, -- false, as a filter refuses it
  ["pidfd.peer"] = true, -- compares with pidfd.supports
  ["pidfd.passpidfd"] = true, -- likewise
  ["p:children"] = true, -- who has been reaped is none of them any more
  ["p.__eq"] = true,
  ["fd:lines"] = true, -- raises, as file:lines does
}

-- Where these errors of these calls mean to wait until the descriptor is ready,
-- which it never is.
local waits = {
  ["fd:write"] = true, ["pidfd.run"] = true, ["pidfd.send"] = true,
  ["pidfd.receive"] = true, EAGAIN = true, EINTR = true,
  write = true, ppoll = true, read = true, sendmsg = true, recvmsg = true,
}

return setmetatable({
  waits = waits,
  names = names, -- in order
  keeper = keeper,
  answers = answers,
  most = 12, -- so many calls of a kind are tried: the others are alike
}, { __index = scenarios })
