-- Which Linux this is: what an older one lacks is pending there.

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

return kernel
