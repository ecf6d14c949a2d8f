local directory = require "spec.support.directory"
local host = require "spec.support.host"

-- Nobody connects to it, and it asks nobody.
local CONFIG = [[
run_as_root = true
daemonize = false
pidfile = %q .. "/prosody.pid"
data_path = %q
plugin_paths = { %q .. "/spec/hosts" }
log = { { levels = { min = "error" }, to = "console" } }
certificates = %q
VirtualHost "localhost"
modules_disabled = { "s2s", "c2s", "offline", "tls" }
modules_enabled = { "pidfd" }
]]

describe("Prosody", function()
  it("gets the exit status of a child, and is not blocked", function()
    host.need("prosody")
    local cpath = host.cpath("5.4")
    directory.with(function(where)
      local config = where .. "/prosody.cfg.lua"
      directory.write(config,
        CONFIG:format(where, where, host.project, where), 644)
      assert.equal("waiting\nended: exit 7", host.tells {
        "LUA_CPATH_5_4=" .. cpath .. ";;", "prosody", "--config", config,
      })
    end)
  end)
end)
