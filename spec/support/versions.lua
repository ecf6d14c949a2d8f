-- Each place below a directory that names the version of the module, and the
-- version that it names.

local read = require "spec.support.read"

return function(where)
  local list = {}
  local function version_in(path, pattern)
    local there, text = pcall(read, where .. "/" .. path)
    return there and text:match(pattern) or "none"
  end
  local function add(path, pattern, what)
    local found = version_in(path, pattern)
    list[what and path .. ", " .. what or path] = found
    return found
  end
  local version = add("src/version.h", '#define PFD_VERSION "([%d.]+)"\n')
  add("types/pidfd.d.lua", '\npidfd%._VERSION = "pidfd ([%d.]+)"\n')
  add("doc/kernel.md", "\nprint%(pidfd%._VERSION%)  %-%-> pidfd ([%d.]+)\n")
  add("contrib/debian/changelog", "^lua%-pidfd %(([%d.]+)%-1%) ")
  local rockspec = "rockspecs/pidfd-" .. version .. "-1.rockspec"
  add(rockspec, '\nversion = "([%d.]+)%-1"\n')
  add(rockspec, '\n  tag = "v([%d.]+)",\n', "tag")
  return list, version
end
