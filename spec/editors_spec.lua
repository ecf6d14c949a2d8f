-- What the Lua language server looks for: settings of a clone, and an addon.

local need = require "spec.support.need"
local read = require "spec.support.read"
local shell = require "spec.support.shell"

local ADDON = "/share/lua-language-server/addons/pidfd"

local function parsed(path)
  need("dkjson")
  local settings, _, message = require("dkjson").decode(read(path))
  assert.is_table(settings, message)
  return settings
end

describe("the settings for editors", function()
  it("name the directory of the definitions", function()
    local library = parsed(".luarc.json")["workspace.library"]
    assert.same({ "types" }, library)
    assert.matches("^%-%-%-@meta pidfd\n", read(library[1] .. "/pidfd.d.lua"))
  end)

  it("name the globals that luacheck knows", function()
    local globals = parsed(".luarc.json")["diagnostics.globals"]
    for _, name in ipairs { "vim", "core", "ngx", "pandoc" } do
      assert.matches(name, table.concat(globals, " "), 1, true)
      assert.matches("%f[%w]" .. name .. "%f[%W]", read(".luacheckrc"))
    end
  end)
end)

describe("the addon for editors", function()
  it("is offered to who requires the module", function()
    local words = parsed("types/config.json").words
    for _, code in ipairs { 'require "pidfd"', "require('pidfd')" } do
      assert.matches(words[1], code)
    end
    assert.is_nil(('require "pidfd.other"'):match(words[1]))
    assert.is_nil(('require "lpidfd"'):match(words[1]))
    assert.is_nil(('print "pidfd"'):match(words[1]))
  end)

  it("is installed as an addon is laid out, and told of", function()
    local commands = shell.output("env -u MAKEFLAGS make -n install " ..
      "DESTDIR= PREFIX=/usr/local 2>&1")
    for from, to in pairs {
      ["types/config.json"] = "/config.json",
      ["types/pidfd.d.lua"] = "/library/pidfd.d.lua",
    } do
      local command = from .. " /usr/local" .. ADDON .. to .. "\n"
      assert.matches(command, commands, 1, true)
    end
    local page = read("doc/editors.md")
    assert.matches("`/usr/local" .. ADDON .. "/library`", page, 1, true)
    assert.matches("`/usr" .. ADDON .. "/library`", page, 1, true)
    local packaged = read("contrib/debian/lua-pidfd-dev.install.in")
    assert.matches("\ntypes/pidfd.d.lua usr" .. ADDON .. "/library\n", packaged,
      1, true)
  end)
end)
