-- Cgroups of version 2, to start processes in.

local ensure = require "spec.support.ensure"
local pending = require "spec.support.pending"
local spawned = require "spec.support.spawned"

local cgroup = {}

-- Where the cgroups of version 2 are, or nil.
function cgroup.mount()
  for line in io.lines("/proc/self/mountinfo") do
    local path = line:match("^%S+ %S+ %S+ %S+ (%S+) .* %- cgroup2 ")
    if path then
      return path
    end
  end
end

-- What is over may stay in its cgroup for a moment.
function cgroup.remove(path)
  for _ = 1, 100000 do
    if os.remove(path) then
      return
    end
  end
  error("cannot remove " .. path)
end

-- Call 'use' with the path of a new cgroup, and with its name in /proc.
function cgroup.with(use)
  local root = cgroup.mount()
  local path = spawned.output({
    "mktemp", "-d", (root or "/nowhere") .. "/spec.XXXXXX", stderr = "null",
  }):match("^(.+)\n$")
  if not path then
    pending("needs cgroups of version 2 that we may make")
  end
  ensure(use, function()
    cgroup.remove(path)
  end, path, path:match("/spec%.[^/]+$"))
end

return cgroup
