local host = require "spec.support.host"

describe("Tarantool", function()
  it("gets the exit status of a child, and is not blocked", function()
    host.need("tarantool")
    assert.equal("waiting\nended: exit 7", host.tells {
      "-u", "LD_PRELOAD", "LUA_CPATH=" .. host.cpath("5.1") .. ";;",
      "tarantool", host.project .. "/spec/hosts/tarantool.lua",
    })
  end)
end)
