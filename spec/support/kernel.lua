-- Which Linux this is: what an older one lacks is pending there.

local pending = require "spec.support.pending"
local read = require "spec.support.read"

local kernel = {}

-- An emulator passes on what it knows itself: less than its kernel does.
local release = os.getenv("LINUX_RELEASE") or
  read("/proc/sys/kernel/osrelease")
local major, minor = release:match("^(%d+)%.(%d+)")
major, minor = tonumber(major), tonumber(minor)

function kernel.at_least(wanted_major, wanted_minor)
  return major > wanted_major or
    major == wanted_major and minor >= wanted_minor
end

-- Is pending on an older Linux than that, which lacks such a thing.
function kernel.need(wanted_major, wanted_minor, what)
  if not kernel.at_least(wanted_major, wanted_minor) then
    pending(("%s (Linux %d.%d)"):format(what, wanted_major, wanted_minor))
  end
end

-- The same, on that Linux or a newer one, which has what is to be missing.
function kernel.need_before(wanted_major, wanted_minor)
  if kernel.at_least(wanted_major, wanted_minor) then
    pending(("this kernel has it (since Linux %d.%d)"):format(wanted_major,
      wanted_minor))
  end
end

-- Is there that kind of namespaces, as /proc/PID/ns calls it?
function kernel.has_namespaces(kind)
  local file = io.open("/proc/self/ns/" .. kind)
  return file ~= nil and file:close()
end

function kernel.need_namespaces(kind)
  if not kernel.has_namespaces(kind) then
    pending("no such namespaces here")
  end
end

function kernel.need_pidfs()
  kernel.need(6, 9, "pidfds with an inode of their own")
end

return kernel
