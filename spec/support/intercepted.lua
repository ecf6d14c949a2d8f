-- Programs for which the kernel does something else, see intercept.c.

local compiled = require "spec.support.compiled"
local pending = require "spec.support.pending"
local run = require "spec.support.run"
local script = require "spec.support.script"

local intercepted = {}

intercepted.PIDFD_OPEN = 434

local function prefix(settings)
  if compiled.is_foreign() or not compiled.module("intercept") then
    pending("needs a C compiler")
  end
  local library = package.searchpath("intercept", package.cpath)
  return ("env %s LD_PRELOAD=%s:%s"):format(settings,
    os.getenv("LD_PRELOAD") or "", library)
end

-- A shell command that runs the Lua program with these settings, such as
-- "HIDE=children".
function intercepted.command(settings, program, ...)
  return "exec " .. prefix(settings) .. " " .. script.command(program, ...)
end

-- Run it. Returns all its output.
function intercepted.run(settings, program, ...)
  return run.under("exec " .. prefix(settings), program, ...)
end

return intercepted
