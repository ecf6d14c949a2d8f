local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local language = require "spec.support.language"
local machine = require "spec.support.machine"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local subject = require "spec.support.subject"
local vast = require "spec.support.vast"

local KIB, PAGE = 1024, 4096

-- A process in which nothing happens any more. Programs here may have 64 bits,
-- and addresses that do not fit into an interpreter of 32.
local function quiet(use)
  if machine.bits == 64 then
    child.stopped({}, use)
  else
    subject.with({ "memory", "1" }, use)
  end
end

-- The ranges of memory of the process that are its own, and writable; and
-- how many bytes they have together. The kernel heeds 2 GiB at a time, and a
-- sanitizer reserves much more.
local function ranges_of(p)
  local ranges, bytes = {}, 0
  for from, to in p:proc("maps"):gmatch("(%x+)%-(%x+) rw%-p") do
    local first, last = tonumber(from, 16), tonumber(to, 16)
    if last - first < 16 * KIB * KIB then
      table.insert(ranges, { first, last - first })
      bytes = bytes + last - first
    end
  end
  return ranges, bytes
end

-- Lend a process that may be advised, its ranges, and how long they are.
local function advised(use)
  quiet(function(p)
    local ranges, bytes = ranges_of(p)
    if select(3, p:madvise("COLD", ranges)) == pidfd.errno.EPERM then
      pending("needs CAP_SYS_NICE")
    end
    use(p, ranges, bytes)
  end)
end

describe("p:madvise()", function()
  for _, advice in ipairs { "COLD", "PAGEOUT", "WILLNEED" } do
    it("returns for how many bytes it was heeded, for " .. advice,
      function()
        if advice == "WILLNEED" and not kernel.at_least(5, 13) then
          pending("heeded for another process since Linux 5.13")
        end
        advised(function(p, ranges, bytes)
          assert.is_true(bytes > 0)
          assert.equal(bytes, p:madvise(advice, ranges))
          local first = ranges[1]
          assert.equal(first[2], p:madvise(advice, { first }))
          assert.equal(PAGE, p:madvise(advice, { { first[1], PAGE } }))
        end)
      end)
  end

  it("returns 0 for no range, and for an empty one", function()
    advised(function(p, ranges)
      assert.equal(0, p:madvise("COLD", {}))
      assert.equal(0, p:madvise("COLD", { { ranges[1][1], 0 } }))
    end)
  end)

  it("takes 1024 ranges", function()
    advised(function(p, ranges)
      local many = {}
      for i = 1, 1024 do
        many[i] = { ranges[1][1], PAGE }
      end
      assert.equal(1024 * PAGE, p:madvise("COLD", many))
    end)
  end)

  it("fails with EINVAL for more than 1024 ranges", function()
    quiet(function(p)
      local range, many = ranges_of(p)[1], {}
      for i = 1, 1025 do
        many[i] = { range[1], PAGE }
      end
      fails("madvise", "EINVAL", p:madvise("COLD", many))
    end)
  end)

  it("fails with EINVAL for what nobody can be advised", function()
    quiet(function(p)
      local ranges = ranges_of(p)
      for _, advice in ipairs { 4, 99, -1, -2 ^ 31, 2 ^ 31 - 1 } do
        fails("madvise", "EINVAL", p:madvise(advice, ranges))
      end
    end)
  end)

  it("fails with EINVAL for an address within a page", function()
    advised(function(p, ranges)
      fails("madvise", "EINVAL",
        p:madvise("COLD", { { ranges[1][1] + 1, PAGE } }))
    end)
  end)

  it("fails with ENOMEM for what is not mapped", function()
    advised(function(p)
      fails("madvise", "ENOMEM",
        p:madvise("COLD", { { 0, PAGE } }))
    end)
  end)

  it("fails with EPERM without CAP_SYS_NICE", function()
    quiet(function(p)
      local _, _, code = p:madvise("COLD", ranges_of(p))
      if not code then
        pending("this user has CAP_SYS_NICE")
      end
      assert.equal(pidfd.errno.EPERM, code)
    end)
  end)

  it("fails with EACCES for another user's process", function()
    local call = "p:madvise('COLD', { { 4096, 4096 } })"
    assert.equal("EACCES", (elsewhere.as_stranger(call)))
  end)

  it("fails with ESRCH for a process that is over", function()
    child.with_zombie(function(p)
      fails("madvise", "ESRCH", p:madvise("COLD", {}))
    end)
    child.with_reaped(function(p)
      fails("madvise", "ESRCH", p:madvise("COLD", {}))
    end)
  end)

  local advices = {
    COLD = "0x14", PAGEOUT = "0x15", WILLNEED = "0x3", COLLAPSE = "0x19",
    [4] = "0x4", [0x7fffffff] = "0x7fffffff",
  }

  for advice, number in sorted(advices) do
    it(("asks the kernel for %s, for %s"):format(number, advice), function()
      local code = ("require('pidfd').self():madvise(%s, {})"):format(
        type(advice) == "string" and ("%q"):format(advice) or advice)
      local trace = run.traced(
        "-e trace=process_madvise -e raw=process_madvise", code)
      assert.equal(number, trace:match(
        "^process_madvise%(0x%x+, 0x%x+, 0, (0x%x+), 0%)"))
    end)
  end

  it("passes the ranges on as they are", function()
    language.need("integers of 64 bits")
    local high = ("8%s"):format(("0"):rep(machine.bits / 4 - 1))
    local longest = ("7%s"):format(("f"):rep(machine.bits / 4 - 1))
    local trace = run.traced("-e trace=process_madvise", [[
      require('pidfd').self():madvise(99, {
        { 0x1000, 4096 }, { tonumber(arg[1]), 0 }, { 3.0, tonumber(arg[2]) },
      })
    ]], "0x" .. high, "0x" .. longest)
    assert.matches(("[{iov_base=0x1000, iov_len=4096}, " ..
      "{iov_base=0x%s, iov_len=0}, {iov_base=0x3, iov_len=%d}], 3, 0x63")
        :format(high, tonumber(longest, 16)), trace, 1, true)
  end)

  local wrong = {
    ["a number"] = 4096,
    ["a string"] = "4096",
    ["a flat list"] = { 4096, 4096 },
    ["an empty range"] = { {} },
    ["a range without length"] = { { 4096 } },
    ["names for fields"] = { { address = 4096, length = 4096 } },
    ["a string for an address"] = { { "4096", 4096 } },
    ["a string for a length"] = { { 4096, "4096" } },
    ["a fraction"] = { { 4096.5, 4096 } },
    ["NaN"] = { { 4096, 0 / 0 } },
    ["infinity"] = { { 4096, math.huge } },
    ["an address of 2^64"] = { { 2 ^ 64, 4096 } },
    ["a negative length"] = { { 4096, -1 } },
    ["a table for an address"] = { { {}, 4096 } },
    ["a false range, behind a right one"] = { { 4096, 4096 }, false },
  }

  local self
  ourselves(function(p) self = p end)

  for name, ranges in sorted(wrong) do
    it("raises when the ranges are " .. name, function()
      assert.error_matches(function() self:madvise("COLD", ranges) end,
        "bad argument #2")
    end)
  end

  for _, n in ipairs { 31, 60, 61 } do
    it(("raises for 2^%d ranges"):format(n), function()
      local ranges = vast(n, { 4096, 4096 })
      assert.error_matches(function()
        self:madvise("COLD", ranges)
      end, "bad argument #2.*at most 67108862 elements expected")
    end)
  end

  local beyond = {
    ["an address of 2^32"] = { { 2 ^ 32, 4096 } },
    ["a negative address"] = { { -4096, 4096 } },
    ["a length of 2^31"] = { { 4096, 2 ^ 31 } },
    ["a length of 2^32"] = { { 4096, 2 ^ 32 } },
  }

  for name, ranges in sorted(beyond) do
    it(("raises for %s on a machine of 32 bits"):format(name), function()
      if machine.bits ~= 32 then
        pending("this interpreter has more")
      end
      assert.error_matches(function() self:madvise("COLD", ranges) end,
        "bad argument #2.* in bytes expected, got ")
    end)
  end

  it("raises without ranges", function()
    assert.error_matches(function() self:madvise("COLD") end,
      "bad argument #2")
    assert.error_matches(function() self:madvise("COLD", nil) end,
      "bad argument #2")
  end)

  for _, advice in ipairs { "", "cold", "MADV_COLD", "DONTNEED", "COLD\0",
    "20", 2 ^ 31, -2 ^ 31 - 1, 2 ^ 32 + 20, 20.5, 0 / 0, true, {} } do
    it(("raises for the advice %s"):format(tostring(advice)), function()
      assert.error_matches(function() self:madvise(advice, {}) end,
        "bad argument #1")
    end)
  end

end)
