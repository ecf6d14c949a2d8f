-- Which Linux this is: what an older one lacks is pending there.

local kernel = {}

local file = assert(io.open("/proc/sys/kernel/osrelease"))
local major, minor = file:read("a"):match("^(%d+)%.(%d+)")
file:close()
major, minor = tonumber(major), tonumber(minor)

function kernel.at_least(wanted_major, wanted_minor)
  return major > wanted_major or
    major == wanted_major and minor >= wanted_minor
end

return kernel
