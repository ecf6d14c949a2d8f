local complaints = require "spec.support.complaints"

local function said(path, line)
  return complaints("tools/floors", "src examples", path, line)
end

local cases = {
  { "src/linux/end.c", '#include "../lua/arg.h"',
    "linux/ includes of its own floor only" },
  { "src/linux/end.h", '#include "../compat.h"',
    "linux/ includes of its own floor only" },
  { "src/linux/sys.h", "# include <lauxlib.h>",
    "linux/ includes no header of Lua" },
  { "src/lua/arg.c", '#include "../api/calls.h"', "includes go down only" },
  { "src/compat.c", '#include "lua/arg.h"',
    "compat includes nothing of the module" },
  { "src/api/open.c", '#include "spawn.h"',
    "a file of api/ includes no other of them" },
  { "src/lua/arg.c", "#include <lua.h>",
    "only compat.h includes headers of Lua" },
  { "src/api/open.c", '#include "../lua/arg.c"',
    "a header is included, no source" },
  { "src/linux/sys_file.c", "int last (void) { return -errno; }",
    "only linux/sys_call.h reads errno" },
  { "src/lua/block.c", "int last (void) { errno = 0; return 0; }",
    "only linux/sys_call.h reads errno" },
  { "src/linux/sys.h", "int pfd_sys_last (off_t offset);",
    "no header has a type whose size wide.h changes" },
  { "src/api/open.c", "#if LUA_VERSION_NUM < 503",
    "only compat asks for a version" },
  { "src/lua/arg.h", "/* " .. ("x"):rep(75) .. " */",
    "a line has 80 columns at most" },
  { "src/lua/arg.h", "int pfd_arg_unused (lua_State *L, int arg);",
    "a header has what more than one file uses" },
  { "src/lua/arg.h", "#if defined(LUAJIT_VERSION)",
    "only compat asks for a version" },
}

describe("tools/floors", function()
  it("has nothing to say of src/", function()
    assert.equal("", said())
  end)

  for i, case in ipairs(cases) do
    local path, line, rule = case[1], case[2], case[3]
    it(("says where a line is out of place: %d, %s"):format(i, rule), function()
      assert.matches(rule .. ": " .. path, said(path, line), 1, true)
    end)
  end

  it("says which Lua code Lua 5.1 does not read", function()
    if not os.execute("command -v luac5.1 >/dev/null") then
      pending("needs luac5.1")
    end
    assert.matches("syntax of Lua 5.1: .*examples/new.lua:1",
      said("examples/new.lua", "local x <const> = 7 // 2"))
  end)
end)
