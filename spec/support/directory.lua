-- A directory for the files of a spec.

local ensure = require "spec.support.ensure"
local script = require "spec.support.script"

local directory = {}

-- Make a new one that everybody may read, call 'use' with its path, and
-- remove it with all that is in it.
function directory.with(use)
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir -m 755 " .. path))
  ensure(use, function()
    os.execute("rm -r " .. path)
  end, path)
end

-- Make a file, with the mode of chmod(1).
function directory.write(path, text, mode)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  assert(os.execute(("chmod %s %s"):format(mode, script.quote(path))))
end

return directory
