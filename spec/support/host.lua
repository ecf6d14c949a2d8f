-- Programs that have Lua in them, each with its own version of it: specs start
-- them to see that a child can be waited for without blocking them.

local ensure = require "spec.support.ensure"
local pending = require "spec.support.pending"
local shell = require "spec.support.shell"
local spawned = require "spec.support.spawned"

local host = {}

-- Servers are where only root looks for them.
local PATH = "PATH=" .. os.getenv("PATH") .. ":/usr/sbin:/sbin"

-- Nobody waits longer than this for a host that hangs.
local LIMIT = "60"

host.project = shell.output("pwd"):gsub("\n", "")

-- The directory with all that has been built.
host.build = shell.output('realpath "${BUILD:-build}"'):gsub("\n", "")

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

-- Is pending where the host is not installed.
function host.need(program)
  local command = PATH .. "; command -v " .. program .. " 2>/dev/null"
  if shell.output(command) == "" then
    pending(program .. " is not installed")
  end
end

local function under_test()
  local path = package.searchpath("pidfd", package.cpath)
  return path:find("^/") and path or host.project .. "/" .. path
end

-- The path of the module for that version of Lua. Is pending where it has not
-- been built.
function host.module(version)
  if _VERSION == "Lua " .. version and package.searchpath then
    return under_test()
  end
  local path = ("%s/%s/pidfd.so"):format(host.build, version)
  if not exists(path) then
    pending("needs the module for Lua " .. version)
  end
  return path
end

-- The pattern for package.cpath that finds it.
function host.cpath(version)
  return (host.module(version):gsub("pidfd%.so$", "?.so"))
end

local function command(words)
  local options = { "timeout", "--kill-after=5", LIMIT, "env", PATH, "env",
    stdout = "pipe", stderr = "stdout", pdeathsig = "TERM" }
  for _, word in ipairs(words) do
    table.insert(options, word)
  end
  return options
end

-- Run a host, which is a list of words, after settings of env(1). 'use' gets a
-- function that returns the next line of its output that matches, or the whole
-- output if there is none.
function host.running(words, use)
  spawned.with(command(words), function(p, pipes)
    local output = assert(pipes.stdout:file())
    ensure(use, function()
      p:send_signal("TERM") -- timeout(1) passes it on, but not KILL
      p:wait()
      output:close()
    end, function(pattern)
      local said = ""
      for line in output:lines() do
        if line:find(pattern) then
          return line
        end
        said = said .. line .. "\n"
      end
      return said
    end)
  end)
end

-- What the programs in spec/hosts/ say: when they let the child end, which they
-- can only do if they are not blocked, and how it has ended.
function host.tells(words)
  local lines
  host.running(words, function(line)
    lines = { line("^waiting$"), line("^ended") }
  end)
  return table.concat(lines, "\n")
end

return host
