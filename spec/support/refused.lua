-- Demands that pidfd.spawn() with these options fails with that errno, at that
-- step, and leaves nothing behind.

local assert = require "luassert"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

return function(errno, step, options)
  collectgarbage()
  local children, descriptors = spawned.children(), fds.count()
  local p, message, code = pidfd.spawn(options)
  assert.is_nil(p)
  assert.equal(errno, pidfd.errno[code])
  assert.equal("spawn: " .. step .. ": ", message:match("^.*: "))
  assert.equal(children, spawned.children())
  assert.equal(descriptors, fds.count())
end
