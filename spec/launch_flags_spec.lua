local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- That the call fails at that step, and leaves nothing behind.
local function assert_fails(errno, step, options)
  collectgarbage()
  local children, descriptors = spawned.children(), fds.count()
  local p, message, code = pidfd.spawn(options)
  assert.is_nil(p)
  assert.equal(errno, pidfd.errno[code])
  assert.equal("spawn: " .. step .. ": ", message:match("^.*: "))
  assert.equal(children, spawned.children())
  assert.equal(descriptors, fds.count())
end

-- Not every kernel knows them, but what it is asked for can be seen.
describe("pidfd.spawn() asks the kernel", function()
  local AUTOREAP, NNP, AUTOKILL = 2 ^ 34, 2 ^ 35, 2 ^ 36

  for options, flags in sorted {
    ["autoreap = true"] = AUTOREAP,
    ["autoreap = true, autokill = true"] = AUTOREAP + AUTOKILL,
    ["autoreap = true, autokill = true, nnp = true"] =
      AUTOREAP + AUTOKILL + NNP,
  } do
    it("for what is wanted: " .. options, function()
      local trace = run.traced("-e trace=clone3",
        "require('pidfd').spawn { 'true', " .. options .. " }")
      if not trace then
        pending("needs strace")
      end
      assert.matches(("[|=]%#x[|,]"):format(math.tointeger(flags)), trace)
      assert.matches("exit_signal=0,", trace)
    end)
  end
end)

describe("pidfd.spawn() with autokill alone", function()
  it("fails with EINVAL, which is no question of the kernel", function()
    local options = { "/nowhere", autokill = true }
    assert_fails("EINVAL", "clone autoreap, autokill", options)
    assert.not_matches("Linux", (select(2, pidfd.spawn(options))))
  end)
end)
