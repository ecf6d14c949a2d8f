local directory = require "spec.support.directory"

local ROCKSPEC = "pidfd-scm-1.rockspec"

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

local function listed_sources()
  local rockspec = {}
  assert(loadfile(ROCKSPEC, "t", rockspec))()
  local sources = rockspec.build.modules.pidfd.sources
  table.sort(sources)
  return sources
end

describe("the rockspec", function()
  it("lists every C source", function()
    assert.same(lines_of("LC_ALL=C ls src/*.c src/*/*.c"), listed_sources())
  end)

  it("is well-formed", function()
    assert.same({}, lines_of("luarocks lint " .. ROCKSPEC .. " 2>&1"))
  end)
end)

describe("luarocks make", function()
  local where, module
  local version = _VERSION:match("%d.%d")

  -- In a copy, because LuaRocks builds in the source tree; and with a home
  -- of its own, because it keeps a cache there.
  setup(function()
    where = directory.new()
    module = where .. "/tree/lib/lua/" .. version .. "/pidfd.so"
    local log = where .. "/log"
    if version == "5.5" then
      return -- Debian's LuaRocks knows no such version
    end
    local status = os.execute(([[
      cp -R src types examples doc README.md LICENSE %s %s && cd %s &&
      HOME=%s luarocks --lua-version %s --tree %s/tree make >%s 2>&1
    ]]):format(ROCKSPEC, where, where, where, version, where, log))
    assert(status, table.concat(lines_of("cat " .. log), "\n"))
  end)

  teardown(function()
    directory.remove(where)
  end)

  it("installs a module that loads", function()
    if version == "5.5" then
      pending("needs a newer LuaRocks")
    end
    local open = assert(package.loadlib(module, "luaopen_pidfd"))
    assert.equal("function", type(open("pidfd").open))
  end)

  it("exports nothing but its entry", function()
    if version == "5.5" then
      pending("needs a newer LuaRocks")
    end
    if not os.execute("command -v nm >/dev/null") then
      pending("needs nm")
    end
    local symbols = lines_of("nm -D --defined-only --format=just-symbols " ..
      module)
    assert.same({ "luaopen_pidfd" }, symbols)
  end)
end)
