-- The options of pidfd.run() together: each does what it does alone.

local cgroup = require "spec.support.cgroup"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"

local LIMIT = 600

-- What the program finds, in less than LIMIT bytes, and more than that of
-- zeros. Only what the shell does itself: there are many pairs.
local PROGRAM = [[
  echo "cwd=$(pwd -P)"
  echo "variable=$VARIABLE"
  echo "umask=$(umask)"
  echo "nofile=$(ulimit -n)"
  read -r _ _ _ _ group session _ _ _ _ _ _ _ _ _ _ _ _ nice _ </proc/$$/stat
  [ "$group" = $$ ] && echo group=own || echo group=ours
  [ "$session" = $$ ] && echo session=own || echo session=ours
  echo "nice=$nice"
  while read -r key value; do
    [ "$key" = NoNewPrivs: ] && echo "nnp=$value"
  done </proc/$$/status
  [ -e /proc/$$/fd/7 ] && echo fd=open || echo fd=closed
  [ -p /proc/$$/fd/0 ] && echo stdin=pipe || echo stdin=other
  read -r line
  echo "input=$line"
  echo found=err >&2
  printf '%02000d' 0
]]

local umask = "0027"

-- An option, and what it changes; of two that change the same, the later wins.
-- Without 'pgroup', as the leader of a session has to stay in its group.
local OPTIONS = {
  { "input", "hello\n", { stdin = "pipe", input = "hello" } },
  { "timeout", 3600, { timeout = 3600 } },
  { "grace", 3, {} },
  { "linger", 3, {} },
  { "limit", LIMIT, { truncated = true, length = "all of the limit" } },
  { "scope", "process", { group = "ours" } },
  { "path", "/bin/sh", {} },
  { "cwd", "/", { cwd = "/" } },
  { "setenv", { VARIABLE = "here" }, { variable = "here" } },
  { "env", { PATH = "/bin:/usr/bin" }, {} },
  { "umask", tonumber(umask, 8), { umask = umask } },
  { "nice", 5, { nice = "5" } },
  { "rlimits", { nofile = 60 }, { nofile = "60" } },
  { "keepsignals", { "USR1" }, {} },
  { "nnp", true, { nnp = "1" } },
  { "fds", function(number) return { [7] = number } end, { fd = "open" } },
  { "stderr", "stdout", { found = "err", stderr = "none" } },
  { "session", true, { group = "own", session = "own" } },
}

local function length_of(text)
  if #text == LIMIT then
    return "all of the limit"
  end
  return text:find(("0"):rep(2000) .. "$") and "all" or #text
end

-- Of 'number', a descriptor, the program may get a copy.
local function found_with(number, ...)
  local options = { "sh", "-c", PROGRAM }
  for _, option in ipairs { ... } do
    local value = option[2]
    options[option[1]] = type(value) == "function" and value(number) or value
  end
  local result = assert(pidfd.run(options))
  local found = {
    ok = result.ok, how = result.how, code = result.code,
    timedout = result.timedout, held = result.held, program = result.program,
    truncated = result.truncated, timeout = result.timeout,
    stderr = result.stderr or "none", length = length_of(result.stdout),
  }
  for key, value in result.stdout:gmatch("(%l+)=([^\n]*)\n") do
    found[key] = value
  end
  return found
end

local function changed(found, ...)
  local new = {}
  for key, value in pairs(found) do
    new[key] = value
  end
  for _, option in ipairs { ... } do
    for key, value in pairs(option[3]) do
      new[key] = value
    end
  end
  return new
end

describe("an option of pidfd.run()", function()
  for i, one in ipairs(OPTIONS) do
    it("does the same with each other one: " .. one[1], function()
      fds.with_file(function(_, number)
        local without = found_with(number)
        assert.same(changed(without, one), found_with(number, one))
        for j = i + 1, #OPTIONS do
          local other = OPTIONS[j]
          assert.same(changed(without, one, other),
            found_with(number, one, other), "with " .. other[1])
        end
      end)
    end)
  end

  it("does the same with all the others", function()
    fds.with_file(function(_, number)
      local unpack = table.unpack or unpack
      local without = found_with(number)
      assert.same(changed(without, unpack(OPTIONS)),
        found_with(number, unpack(OPTIONS)))
    end)
  end)
end)

-- A program that SIGTERM does not end.
local function check_overtime(scope, path)
  local result = assert(pidfd.run {
    "sh", "-c", "trap '' TERM; cat; echo more; exec sleep 3600",
    input = "hello", timeout = 0.2, grace = 0.01, limit = 7, linger = 0,
    scope = scope, cgroup = path,
  })
  assert.same({
    stdout = "hellomo", stderr = "", program = "sh", ok = false,
    how = "signal", code = pidfd.signal.KILL, timeout = 0.2, timedout = true,
    truncated = true, held = false, rusage = result.rusage,
  }, setmetatable(result, nil))
end

describe("all options of pidfd.run() itself", function()
  for _, scope in ipairs { "process", "group" } do
    it("work together when the time is over: " .. scope, function()
      check_overtime(scope)
    end)
  end

  it("work together when the time is over: cgroup", function()
    cgroup.with(function(path)
      check_overtime("cgroup", path)
    end)
  end)
end)
