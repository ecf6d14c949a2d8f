-- Lets each system call of each scenario fail, with each error that it may
-- fail with: that call alone, that call and all that follow it, and some pairs
-- of two calls. The function has to succeed all the same, or to fail with an
-- error that the reference for editors names, or with one that only a filter
-- would choose, passed on as it is. It may neither change the signal mask, nor
-- leave a descriptor or a child, nor try for ever. Runs in the interpreter of
-- host.c.

-- luacheck: read globals host

require "spec.support.compat"
local documented = require "spec.inject.documented"
local errors = require "spec.inject.errors"
local pidfd = require "pidfd"

io.stdout:setvbuf("line")

local PAIRS = 40 -- for each scenario

-- The kernel has not made a call whose failure is injected. So a descriptor is
-- left after close(2), which otherwise closes it whatever it returns; and a
-- child is left after a wait.
local LEAVES_DESCRIPTOR = { close = true }
local LEAVES_CHILD = { waitid = true, wait4 = true }

-- They tell how much they did before they failed.
local HAS_FOURTH = { ["fd:write"] = true, ["pidfd.send"] = true }

-- The failures of the module's functions in the present attempt: those that
-- the function returned, and those that it raised.
local failures = {}

local function note(name, ok, ...)
  local result, message, code = ...
  if not ok then
    table.insert(failures, { name = name, raised = tostring(result) })
    error(result, 0)
  end
  if result == nil and select("#", ...) > 1 then
    local right = type(message) == "string" and math.type(code) == "integer"
      and (select("#", ...) == 3 or HAS_FOURTH[name]) and pidfd.errno[code]
    table.insert(failures, {
      name = name, errno = right and pidfd.errno[code],
      raised = not right and "no triple" or nil,
    })
  end
  return ...
end

local function results(name, ok, ...)
  note(name, ok, ...)
  return ...
end

local function watch(functions, prefix)
  for name, value in pairs(functions) do
    if type(value) == "function" then
      functions[name] = function(...)
        return results(prefix .. name, pcall(value, ...))
      end
    end
  end
end

-- The metatables, whatever keys they have in the registry.
local p = assert(pidfd.self())
local duplicate = assert(p:getfd(p:fileno()))
local pidfd_index = getmetatable(p).__index
local fd_index = getmetatable(duplicate).__index
duplicate:close()
p:close()

-- A failure that a scenario did not expect was noted already.
function assert(value, message, ...) -- luacheck: globals assert
  if not value then
    error({ message = message or "assertion failed" }, 0)
  end
  return value, message, ...
end

local scenarios = require "spec.inject.scenarios"
watch(pidfd, "pidfd.")
watch(pidfd_index, "p:")
watch(fd_index, "fd:")

local points, findings, order = 0, {}, {}

-- 'detail' is what differs between findings of one kind: the system call.
local function find(what, point, detail)
  local finding = findings[what]
  if not finding then
    finding = { count = 0, point = point, details = {} }
    findings[what] = finding
    order[#order + 1] = what
  end
  finding.count = finding.count + 1
  if detail and not finding.details[detail] then
    finding.details[detail] = true
    table.insert(finding.details, detail)
  end
end

local function describe(faults)
  local texts = {}
  for i, fault in ipairs(faults) do
    texts[i] = ("%s #%d%s: %s"):format(fault.call, fault.nth,
      fault.forever and "+" or "", pidfd.errno[fault.errno])
  end
  return table.concat(texts, ", ")
end

-- The calls that were made to fail with this error, and whether one of them
-- would not fail so but for a filter: then the error is passed on as it is.
local function culprits(faults, errno, caller)
  local calls, foreign = {}, false
  for _, fault in ipairs(faults) do
    if pidfd.errno[fault.errno] == errno then
      calls[#calls + 1] = fault.call
      foreign = foreign or errors.is_foreign(fault.call, errno, caller)
    end
  end
  return calls[1] or "another", foreign
end

local function any(faults, set)
  for _, fault in ipairs(faults) do
    if set[fault.call] then
      return true
    end
  end
  return false
end

local function check_failure(failure, faults, point)
  local name, errno = failure.name, failure.errno
  if failure.raised then
    find(name .. " raises: " .. failure.raised, point)
    return
  end
  local call, foreign = culprits(faults, errno, name)
  if not foreign and not documented(name, errno) then
    find(("%s: %s is not documented"):format(name, errno), point, call)
  end
end

local function check_left_overs(before, faults, point)
  collectgarbage()
  collectgarbage() -- what finalizers let go of
  local children = host.reap()
  assert(pidfd.self()):wait(0) -- forgets killed children that are over
  collectgarbage()
  local left = host.descriptors() - before
  if left ~= 0 then
    if not any(faults, LEAVES_DESCRIPTOR) then
      find(("%s descriptors left"):format(left), point)
    end
    host.closeabove(before - 3) -- "." and ".." and that of the directory
  end
  if children ~= 0 and not any(faults, LEAVES_CHILD) then
    find("a child left", point)
  end
end

-- Returns whether all faults came.
local function try(name, faults)
  collectgarbage()
  local before = host.descriptors()
  local point = name .. ", " .. describe(faults)
  local done, call, clean_up = pcall(scenarios[name])
  if not done then
    error(name .. ": " .. (type(call) == "table" and call.message or call), 0)
  end
  failures = {}
  local came, message, wrong = host.attempt(call, faults, point)
  local noted = failures
  if wrong then
    find(wrong, point, name)
  end
  if message and #noted == 0 and not scenarios.answers[name] then
    local text = type(message) == "table" and message.message or message
    find(("%s: %s, but nothing failed"):format(name, text), point)
  end
  for _, failure in ipairs(noted) do
    check_failure(failure, faults, point)
  end
  if clean_up then
    pcall(clean_up)
  end
  call, clean_up = nil, nil -- luacheck: ignore
  check_left_overs(before, faults, point)
  points = points + 1
  return came
end

local function try_each(name, call, n, counted)
  for _, errno in ipairs(errors.of(call)) do
    local code = pidfd.errno[errno]
    local waits = scenarios.waits
    if code and not (waits[name] and waits[errno] and waits[call]) then
      try(name, { { call = call, nth = n, errno = code } })
      if counted > 1 and not LEAVES_DESCRIPTOR[call]
        and not (errno == "EINTR" and errors.waits(call)) then
        try(name, { { call = call, nth = n, errno = code, forever = true } })
      end
    end
  end
end

-- The same numbers in every run.
local state = 1
local function random(n)
  state = state * 16807 % 2147483647
  return math.floor(state / 256) % n + 1
end

local function random_fault(made)
  local call = made[random(#made)]
  local names = errors.of(call.name)
  local errno = names[random(#names)]
  if scenarios.waits[errno] then
    errno = "EPERM" -- see scenarios.waits
  end
  return {
    call = call.name, nth = random(call.count),
    errno = pidfd.errno[errno] or pidfd.errno.EPERM,
  }
end

local function run(name)
  try(name, {}) -- what is made once for all
  try(name, {})
  local counts, made = host.counts(), {}
  for _, call in ipairs(host.calls) do
    if counts[call] > 0 then
      made[#made + 1] = { name = call, count = counts[call] }
    end
  end
  local start = points
  for _, call in ipairs(made) do
    for n = 1, math.min(call.count, scenarios.most) do
      try_each(name, call.name, n, call.count)
    end
  end
  for _ = 1, #made > 0 and PAIRS or 0 do
    try(name, { random_fault(made), random_fault(made) })
  end
  print(("%-24s%6d"):format(name, points - start))
end

local only = os.getenv("SCENARIO")
for _, name in ipairs(scenarios.names) do
  if not only or name == only then
    run(name)
  end
end

table.sort(order)
for _, what in ipairs(order) do
  local finding = findings[what]
  print(("%5d  %s [%s] (%s)"):format(finding.count, what,
    table.concat(finding.details, " "), finding.point))
end
print(("%d scenarios, %d points, %d kinds of findings")
  :format(#scenarios.names, points, #order))
os.exit(#order == 0, true)
