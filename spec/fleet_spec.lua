local fleet = require "spec.support.fleet"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local pidfd = require "pidfd"

-- Descriptors for what a loop opens, and for what p:wait reads in /proc.
local SPARE = 24

local SECONDS = 30 -- for a loop to finish

local SIGNALS = { "TERM", "KILL", "USR1" }

local function signal_some(members)
  for i = 1, #members, 10 do
    local member, sig = members[i], SIGNALS[i % #SIGNALS + 1]
    assert(member.p:send_signal(sig))
    member.ending = "signal " .. pidfd.signal[sig]
  end
end

-- Somebody else waits for a child, and this 'p' is not told.
local function steal(member)
  local thief = assert(member.p:dup())
  thief:wait(0)
  thief:close()
  member.is_stolen = true
end

-- What 'wait' tells is written down by pid. If it is told twice, that reads
-- "exit 3, exit 3".
local function write_down(told, member)
  local how, code = member.p:wait(0)
  local ending = tostring(how) .. " " .. tostring(code)
  if how == "unknown" and member.is_stolen and not kernel.at_least(6, 15) then
    ending = member.ending
  end
  local before = told[member.pid]
  told[member.pid] = before and before .. ", " .. ending or ending
end

local function errors_in(told, members)
  local errors = {}
  for _, member in ipairs(members) do
    local ending = told[member.pid]
    if ending ~= member.ending then
      table.insert(errors, ("%s, not %s"):format(ending, member.ending))
    end
  end
  return errors
end

-- Watch the processes with a loop, which is to call 'ended' for each. Half of
-- them are waited for at once; the others only when all is over, and for some
-- of them somebody else was first. Nothing raises here: luv would exit.
local function watch(members, run)
  local told, calls = {}, 0

  local function ended(member)
    calls = calls + (member.p:poll(0) and 1 or 0)
    if member.is_stolen then -- by luv
      return
    elseif calls % 2 == 0 then
      write_down(told, member)
    elseif calls % 7 == 0 then
      steal(member)
    end
  end

  run(ended)
  assert.equal(#members, calls)
  for _, member in ipairs(members) do
    if not told[member.pid] then
      write_down(told, member)
    end
    member.p:close()
  end
  assert.same({}, errors_in(told, members))
end

local function run_cqueues(members, releases, ended)
  local cqueues = require "cqueues"
  local loop = cqueues.new()
  for _, member in ipairs(members) do
    loop:wrap(function()
      cqueues.poll(member.p)
      cqueues.cancel(member.p)
      ended(member)
    end)
  end
  loop:wrap(function()
    for _, release in ipairs(releases) do
      release()
      cqueues.sleep(0)
    end
  end)
  assert(loop:loop(SECONDS))
end

local function run_luv(members, releases, ended)
  local uv = require "luv"
  for _, member in ipairs(members) do
    local watcher = uv.new_poll(member.p:fileno())
    watcher:start("r", function()
      watcher:close()
      ended(member)
    end)
  end
  local timer = uv.new_timer()
  timer:start(0, 1, function()
    local release = table.remove(releases)
    if release then
      release()
    else
      timer:close()
    end
  end)
  local guard = uv.new_timer()
  guard:start(SECONDS * 1000, 0, uv.stop)
  guard:unref()
  uv.run()
  guard:close()
  uv.run()
end

-- A child that luv waits for, when it gets SIGCHLD.
local function spawn_by_luv(status)
  local uv = require "luv"
  local command = { args = { "-c", "exit " .. status } }
  local handle, pid
  handle, pid = uv.spawn("sh", command, function()
    handle:close()
  end)
  return {
    pid = pid,
    p = assert(pidfd.open(pid)),
    ending = "exit " .. status,
    is_stolen = true,
  }
end

describe("a thousand processes", function()
  it("end in cqueues, and each is told of once", function()
    need("cqueues")
    fleet.with(fleet.size(SPARE), function(members, releases)
      signal_some(members)
      watch(members, function(ended)
        run_cqueues(members, releases, ended)
      end)
    end)
  end)

  it("end in luv, which waits for some of them, and each is told of once",
    function()
      need("luv")
      local of_luv = 20
      fleet.with(fleet.size(SPARE) - of_luv, function(members, releases)
        signal_some(members)
        for status = 1, of_luv do
          table.insert(members, spawn_by_luv(status))
        end
        watch(members, function(ended)
          run_luv(members, releases, ended)
        end)
      end)
    end)
end)
