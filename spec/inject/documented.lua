-- Which errors the reference for editors names for each function, read from
-- the comments above the functions.

local read = require "spec.support.read"

local types = read("types/pidfd.d.lua")

local function add_names(set, text)
  for name in text:gmatch("%f[%w]E[%u%d]+%f[^%w]") do
    set[name] = true
  end
end

-- What the introduction says of every call.
local general = {}
add_names(general, types:match("^(.-)\nlocal pidfd = "))

local documented, comment = {}, ""
for line in types:gmatch("[^\n]+") do
  local name = line:match("^function ([%w_.:]+)%(")
  if line:find("^%-%-%-") then
    comment = comment .. " " .. line:sub(4)
  elseif name then
    local set = {}
    add_names(set, comment)
    local other = comment:match("Fails as `([%w_.:]+)` does")
    documented[name] = { names = set, other = other }
    comment = ""
  else
    comment = ""
  end
end

local function has(name, errno)
  local entry = documented[name]
  if not entry then
    return false
  end
  return entry.names[errno] or (entry.other and has(entry.other, errno))
end

-- May the function, such as "pidfd.open" or "p:dup", fail with that error?
return function(name, errno)
  local inherited = name:gsub("^%w+:", "handle:")
  return general[errno] or has(name, errno) or has(inherited, errno) or false
end
