-- What a tool says of a copy of some directories and files of the project: in
-- the copy, a line is added to a file, which may be a new one.

local directory = require "spec.support.directory"
local shell = require "spec.support.shell"

return function(tool, copied, path, line)
  local output
  directory.with(function(where)
    assert(os.execute(("cp -R --parents %s %s"):format(copied, where)))
    if path then
      local file = assert(io.open(where .. "/" .. path, "a"))
      file:write(line, "\n")
      file:close()
    end
    output = shell.output(tool .. " " .. where .. " 2>&1")
  end)
  return output
end
