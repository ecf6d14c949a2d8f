-- Which errors the reference names for each function: see tools/reference.lua.

local reference = require "tools.reference"

local general, sections = {}, {}
for _, section in ipairs(reference.sections()) do
  sections[section.name] = section
  if section.name == "Errors that any call may fail with" then
    general = section.errnos
  end
end

local function has(name, errno)
  local section = sections[name]
  if not section then
    return false
  end
  return section.errnos and section.errnos[errno]
    or section.fails_as and has(section.fails_as, errno)
end

-- May the function, such as "pidfd.open" or "p:dup", fail with that error?
return function(name, errno)
  local inherited = name:gsub("^%w+:", "o:")
  local ways = general[errno] or has(name, errno) or has(inherited, errno)
  return ways ~= nil and ways ~= false
end
