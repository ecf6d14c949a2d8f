local directory = require "spec.support.directory"
local host = require "spec.support.host"

-- Without insecure-fork-wanted, HAProxy sets RLIMIT_NPROC to 0: only root can
-- then start a program.
local CONFIG = [[
global
  insecure-fork-wanted
  lua-prepend-path %s cpath
  lua-load %s/spec/hosts/haproxy.lua
defaults
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend unused
  mode http
  bind unix@%s/socket
]]

describe("HAProxy", function()
  it("gets the exit status of a child, and is not blocked", function()
    host.need("haproxy")
    local cpath = host.cpath("5.3")
    directory.with(function(where)
      local config = where .. "/haproxy.cfg"
      directory.write(config, CONFIG:format(cpath, host.project, where), 644)
      assert.equal("waiting\nended: exit 7", host.tells {
        "-u", "LD_PRELOAD", "haproxy", "-db", "-f", config,
      })
    end)
  end)
end)
