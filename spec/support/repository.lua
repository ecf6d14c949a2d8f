-- A git repository that has the files of this one as they are now, and one
-- commit.

local directory = require "spec.support.directory"
local ensure = require "spec.support.ensure"
local pending = require "spec.support.pending"
local pidfd = require "pidfd"
local script = require "spec.support.script"

local repository = {}

-- Settings of the user, of git's hooks and of a make around this are left out.
local COMMAND = [[
  cd %s && unset MAKEFLAGS MAKELEVEL MFLAGS GIT_DIR GIT_INDEX_FILE &&
  unset GIT_WORK_TREE && export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 && %s]]

-- What a shell command there writes to both outputs, and whether it succeeds.
function repository.sh(where, command)
  local r = assert(pidfd.run {
    "sh", "-c", COMMAND:format(script.quote(where), command),
    stderr = "stdout", timeout = 600,
  })
  return r.stdout, r.ok
end

-- The same; it has to succeed.
function repository.must(where, command)
  local output, ok = repository.sh(where, command)
  assert(ok, output)
  return output
end

local MAKE = [[
  git init -q -b main && git config user.name nobody &&
  git config user.email nobody@localhost && git add --all &&
  git commit -q -m 'specs: all files']]

-- The path of a new one, to be removed by directory.remove.
function repository.new()
  if not os.execute("command -v git >/dev/null") then
    pending("needs git")
  end
  local where = directory.new()
  repository.must(".", ("ls -A | grep -vx -e .git -e build | " ..
    "xargs cp -R -t %s"):format(where))
  repository.must(where, MAKE)
  return where
end

-- Call 'use' with the path of a new one, which is gone afterwards.
function repository.with(use)
  local where = repository.new()
  ensure(use, function()
    directory.remove(where)
  end, where)
end

return repository
