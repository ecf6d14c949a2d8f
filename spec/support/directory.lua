-- A directory for the files of a spec.

local ensure = require "spec.support.ensure"
local script = require "spec.support.script"

local directory = {}

-- The path of a new one, which everybody may read.
function directory.new()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir -m 755 " .. path))
  return path
end

-- Remove it with all that is in it.
function directory.remove(path)
  os.execute("rm -r " .. path)
end

-- Call 'use' with the path of a new one, which is gone afterwards.
function directory.with(use)
  local path = directory.new()
  ensure(use, function()
    directory.remove(path)
  end, path)
end

-- Make a file, with the mode of chmod(1). A link of that name is replaced, and
-- what it leads to stays as it is.
function directory.write(path, text, mode)
  os.remove(path)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  assert(os.execute(("chmod %s %s"):format(mode, script.quote(path))))
end

return directory
