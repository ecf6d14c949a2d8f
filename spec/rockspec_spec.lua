local directory = require "spec.support.directory"
local pidfd = require "pidfd"
local repository = require "spec.support.repository"
local script = require "spec.support.script"
local shell = require "spec.support.shell"
local sorted = require "spec.support.sorted"

local ROCKSPEC = "pidfd-scm-1.rockspec"

local function listed_sources()
  local rockspec = {}
  assert(loadfile(ROCKSPEC, "t", rockspec))()
  return rockspec.build.modules.pidfd.sources
end

-- What is in only one of two lists.
local function difference(first, second)
  local counts, names = {}, {}
  for _, name in ipairs(first) do
    counts[name] = (counts[name] or 0) + 1
  end
  for _, name in ipairs(second) do
    counts[name] = (counts[name] or 0) - 1
  end
  for name, count in sorted(counts) do
    table.insert(names, count ~= 0 and name or nil)
  end
  return names
end

describe("the rockspec", function()
  it("lists every C source", function()
    assert.same({}, difference(shell.lines("ls src/*.c src/*/*.c"),
      listed_sources()))
  end)

  it("is well-formed", function()
    assert.same({}, shell.lines("luarocks lint " .. ROCKSPEC .. " 2>&1"))
  end)
end)

-- Which files are in a copy of the project, less what is installed from it, and
-- what LuaRocks writes into its user's home.
local function files_of(where)
  return shell.lines(("cd %s && find . -path ./tree -prune -o -path ./home "
    .. "-prune -o -type f -print | LC_ALL=C sort"):format(where))
end

local function make_clean(where)
  assert(os.execute(("cd %s && env -u MAKEFLAGS -u BUILD make clean >/dev/null")
    :format(where)))
end

describe("luarocks make", function()
  local where, module, before
  local version = _VERSION:match("%d.%d")

  -- In a copy, because LuaRocks builds in the source tree; and with a home
  -- of its own, because it keeps a cache there.
  setup(function()
    where = directory.new()
    module = where .. "/tree/lib/lua/" .. version .. "/pidfd.so"
    local log = where .. "/home/log"
    assert(os.execute(([[
      cp -R src types examples doc README.md LICENSE Makefile .gitignore %s %s
    ]]):format(ROCKSPEC, where)))
    if version == "5.5" then
      return -- Debian's LuaRocks knows no such version
    end
    make_clean(where) -- LuaRocks may have built in the sources
    before = files_of(where)
    local status = os.execute(([[
      cd %s && mkdir home &&
      HOME=%s/home luarocks --lua-version %s --tree %s/tree make --pin >%s 2>&1
    ]]):format(where, where, version, where, log))
    assert(status, shell.output("tail -n 5 " .. log))
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

  it("leaves nothing that 'make clean' does not remove", function()
    if version == "5.5" then
      pending("needs a newer LuaRocks")
    end
    local left = files_of(where)
    assert.is_true(#left > #before)
    make_clean(where)
    assert.same(before, files_of(where))
  end)

  it("leaves nothing that git does not ignore", function()
    local git = ("cd %s && git -c safe.directory='*' -c core.excludesFile= ")
      :format(where)
    if not os.execute(git .. "init -q >/dev/null 2>&1") then
      pending("needs git")
    end
    for _, name in ipairs { "luarocks.lock", "pidfd.so", "src/api/open.o",
      "build/5.4/pidfd.so", "pidfd-scm-1.src.rock" } do
      assert.same({ name }, shell.lines(git .. "check-ignore " .. name))
    end
  end)

  it("exports nothing but its entry", function()
    if version == "5.5" then
      pending("needs a newer LuaRocks")
    end
    if not os.execute("command -v nm >/dev/null") then
      pending("needs nm")
    end
    local symbols = shell.lines("nm -D --defined-only --format=just-symbols " ..
      module)
    assert.same({ "luaopen_pidfd" }, symbols)
  end)
end)

describe("make dist", function()
  local where

  -- A namespace of its own has no network; where that is not allowed, LuaRocks
  -- has to do without asking for one.
  local ALONE = "unshare --user --map-root-user --net"
  local INSTALL = [[
    if %s true 2>/dev/null; then alone='%s'; fi
    cd %s/build && HOME=$PWD $alone luarocks --lua-version %s --tree $PWD/tree \
      install dist/pidfd-*-1.src.rock CFLAGS='-O0 -fPIC']]

  setup(function()
    if os.execute("command -v git >/dev/null") then
      where = repository.new()
      repository.must(where, "make dist")
    end
  end)

  teardown(function()
    if where then
      directory.remove(where)
    end
  end)

  local function need_git()
    if not where then
      pending("needs git")
    end
  end

  it("makes a source rock that LuaRocks installs without a network", function()
    need_git()
    local version = _VERSION:match("%d.%d")
    if version == "5.5" then
      pending("needs a newer LuaRocks")
    end
    local output, ok = repository.sh(where,
      INSTALL:format(ALONE, ALONE, where, version))
    assert.is_true(ok, output:sub(-500))
    local printed, errors = script.run([[
      package.cpath = arg[1]
      local pidfd = require "pidfd"
      print(pidfd._VERSION, pidfd.run({ "echo", "it works" }).stdout)
    ]], where .. "/build/tree/lib/lua/" .. version .. "/?.so")
    assert.equal("", errors)
    assert.equal(pidfd._VERSION .. "\tit works\n\n", printed)
  end)

  it("makes it of what is committed, and says what is not", function()
    need_git()
    local output = repository.must(where, "cp README.md new.md && make dist")
    assert.matches("not in the rock:\n?? new.md\n", output, 1, true)
    local names = repository.must(where,
      "rm new.md; unzip -Z1 build/dist/pidfd-*-1.src.rock")
    assert.matches("\npidfd/src/pidfd.c\n", names, 1, true)
    assert.matches("\npidfd%-[%d.]+%-1.rockspec\n", names)
    assert.is_nil(names:find("new.md", 1, true))
    assert.is_nil(names:find("build/", 1, true))
  end)

  it("says so where the release of that version is another commit", function()
    need_git()
    local output = repository.must(where, [[
      git tag "v$(tools/version)" && make dist &&
      git commit -q --allow-empty -m later && make dist]])
    assert.matches("^[^\n]*rock\nThis is not the release: v[%d.]+ is another",
      output)
  end)
end)
