-- What a child does with our memory before its program runs, and options of
-- pidfd.spawn() with which it does that, for spec/programs/options.lua.

local run = require "spec.support.run"

return {
  ["that shares our memory"] = "",
  ["that has a copy of our memory"] = (run.is_root() and "groups = {}, " or "")
    .. "gid = " .. run.group(),
}
