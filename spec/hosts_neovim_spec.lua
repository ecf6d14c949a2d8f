local host = require "spec.support.host"

describe("Neovim", function()
  it("gets the exit status of a child, and is not blocked", function()
    host.need("nvim")
    assert.equal("waiting\nended: exit 7", host.tells {
      "-u", "LD_PRELOAD", "LUA_CPATH=" .. host.cpath("5.1") .. ";;",
      "nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n",
      "+luafile " .. host.project .. "/spec/hosts/neovim.lua",
    })
  end)
end)
