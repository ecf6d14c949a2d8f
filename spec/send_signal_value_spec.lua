local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

describe("a signal with a value", function()
  -- Tells of the next one: was it queued; the sender's pid and uid; the value.
  local RECEIVER = [[
    local unix, sig = require "unix", math.tointeger(arg[1])
    unix.block(sig)
    print("ready")
    io.stdout:flush()
    print(unix.sigwait(sig))
  ]]

  -- Have 'send' send the signal to a process. Returns what it told.
  local function received(sig, send)
    compiled.need("unix")
    local command = "exec " .. script.command(RECEIVER, sig)
    local report
    partner.with(command, function(receiver)
      assert.equal("ready", receiver.hear())
      send(receiver.p)
      report = receiver.hear()
    end)
    return report
  end

  local function uid()
    return read("/proc/self/status"):match("\nUid:%s*(%d+)")
  end

  local function report(queued, value)
    return ("%s\t%d\t%s\t%d"):format(queued, child.self(), uid(), value)
  end

  for _, value in ipairs { 42, 0, -1, 2147483647, -2147483648, 7.0 } do
    it(("arrives, with our pid and uid, and %d"):format(value), function()
      assert.equal(report(true, value),
        received(pidfd.signal.RTMIN + 3, function(p)
          assert.is_true(p:send_signal("RTMIN+3", nil, value))
        end))
    end)
  end

  it("comes from the real uid", function()
    -- those that end in 32 are of old machines
    local trace = run.traced("-e trace=pidfd_send_signal" ..
      ",getuid,geteuid,?getuid32,?geteuid32" ..
      " -e inject=getuid,?getuid32:retval=1111" ..
      " -e inject=geteuid,?geteuid32:retval=2222",
      "require('pidfd').self():send_signal('URG', 0, 7)")
    assert.matches("si_uid=1111", trace)
  end)

  it("arrives with any signal", function()
    assert.equal(report(true, -5), received(pidfd.signal.USR1, function(p)
      assert.is_true(p:send_signal("USR1", 0, -5))
    end))
  end)

  it("arrives with a scope", function()
    kernel.need(6, 9, "scopes of signals")
    assert.equal(report(true, 9), received(pidfd.signal.USR1, function(p)
      p:send_signal("USR1", pidfd.flags.SIGNAL_THREAD_GROUP, 9)
    end))
  end)

  it("is another than one without, which is not queued", function()
    assert.equal(report(false, 0), received(pidfd.signal.USR1, function(p)
      p:send_signal("USR1")
    end))
  end)

  it("fails with EAGAIN when no more can be queued", function()
    child.after("prlimit --sigpending=0:0 --pid $$", function(p)
      fails("send_signal", "EAGAIN", p:send_signal("RTMIN", nil, 1))
    end)
  end)

  for name, value in sorted {
    ["2^31"] = 2147483648,
    ["-2^31 - 1"] = -2147483649,
    ["2^32"] = 4294967296,
    ["a fraction"] = 1.5,
    ["NaN"] = 0 / 0,
    ["infinity"] = math.huge,
    ["a string"] = "1",
    ["true"] = true,
    ["a table"] = {},
  } do
    it("raises for the value " .. name, function()
      child.with(function(p)
        assert.error_matches(function()
          p:send_signal("KILL", nil, value)
        end, "bad argument #3")
        assert.is_false(p:poll(0.01))
      end)
    end)
  end
end)
