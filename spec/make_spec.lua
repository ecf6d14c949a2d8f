-- The Makefile, as those meet it who have just got the sources: each spec is in
-- a copy of them.

local directory = require "spec.support.directory"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

local COPIED = "src spec tools types examples Makefile .busted"

-- What the 'make' that runs the specs has put there.
local FORGET = "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u RESULTS " ..
  "-u LD_PRELOAD -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u CI -u SPECS"

-- The Lua that the specs run under.
local function same_lua()
  local words = {}
  for _, name in ipairs { "LUA_VERSION", "LUA", "LUA_INCDIR" } do
    local value = os.getenv(name)
    table.insert(words, value and name .. "=" .. script.quote(value))
  end
  return table.concat(words, " ")
end

-- All that a shell command says in that directory, and whether it succeeded.
local function output_of(where, command)
  local text, status = shell.output(
    ("cd %s && { %s; } 2>&1 </dev/null; echo $?"):format(where, command))
    :match("^(.-)(%d+)\n$")
  return text, status == "0"
end

local function make(where, words, before)
  return output_of(where, ("%s %s make -j2 %s %s"):format(FORGET, before or "",
    same_lua(), words))
end

local function succeed(...)
  local output, success = make(...)
  assert.is_true(success, output)
  return output
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local function with_copy(use)
  directory.with(function(where)
    local tree, other = where .. "/tree", where .. "/other"
    assert(os.execute(("mkdir %s; mkdir -m 777 %s; cp -R %s %s")
      :format(tree, other, COPIED, tree)))
    assert(os.execute("chmod -R a+rX " .. tree))
    use(tree, other)
  end)
end

-- As somebody who may not write where others may not.
local function as_ordinary_user()
  return run.is_root() and
    "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent"
    or ""
end

-- A compiler that only tells in a file called 'log' what it was to do.
local COMPILER = [[#!/bin/sh
case "$*" in *-E*) exec cc "$@" ;; esac
echo "$*" >>log
while [ "$1" != -o ]; do
  [ "$1" != -MMD ] || lists=yes
  shift
done
echo compiled >"$2"
[ -z "$lists" ] || echo "$2: src/compat.h" >"${2%.o}.d"
]]

local function with_compiler(use)
  with_copy(function(tree)
    directory.write(tree .. "/compiler", COMPILER, "755")
    use(tree, function(...)
      os.remove(tree .. "/log")
      succeed(tree, ...)
      local log = exists(tree .. "/log") and read(tree .. "/log") or ""
      return select(2, log:gsub("%-c %-o", "")), log
    end)
  end)
end

local function assert_no_long_line(output)
  for line in output:gmatch("[^\r\n]+") do
    assert.is_true(#line <= 80, line)
  end
end

-- What that command writes to a terminal of 80 columns.
local function on_terminal(where, command)
  local quoted = script.quote("stty cols 80; " .. command)
  local output, success = output_of(where, "script -qec " .. quoted ..
    " /dev/null")
  assert.is_true(success, output)
  return output
end

describe("make BUILD=dir", function()
  it("works where the sources cannot be written", function()
    with_copy(function(tree, other)
      assert(os.execute("chmod -R a-w " .. tree))
      local user, build = as_ordinary_user(), "BUILD=" .. other .. "/build "
      local before = output_of(tree, "find . | sort")
      -- These compile helpers.
      local output = succeed(tree, build .. "CFLAGS=-Wall test " ..
        "SPECS='spec/threads_spec.lua spec/setenv_spec.lua'", user)
      assert.matches("\nthreads +%d+ passed", output)
      assert.matches("\n%d+ passed, 0 failed, %d+ skipped\n$", output)
      succeed(tree, build .. "install PREFIX=" .. other .. "/usr", user)
      assert.equal("1\n", output_of(other, "find usr -name pidfd.so | wc -l"))
      assert.equal(before, output_of(tree, "find . | sort"))
      assert(os.execute("chmod -R u+w " .. tree))
    end)
  end)

  it("is what make tells of where the sources cannot be written", function()
    with_copy(function(tree)
      assert(os.execute("chmod -R a-w " .. tree))
      local output, success = make(tree, "all", as_ordinary_user())
      assert.is_false(success)
      assert.matches("Cannot write to build/[%w.]+: 'make BUILD=DIRECTORY'",
        output)
      assert(os.execute("chmod -R u+w " .. tree))
    end)
  end)

  it("cleans up what it built there, and nothing else", function()
    with_copy(function(tree, other)
      assert(os.execute(("cd %s && mkdir 5.4 doc mine && touch 5.4/x doc/x x")
        :format(other)))
      succeed(tree, "clean BUILD=" .. other)
      assert.equal("mine\nx\n", output_of(other, "ls"))
    end)
  end)
end)

describe("make", function()
  for _, flags in ipairs {
    "CC=clang CFLAGS='-O3 -flto'",
    "CC=gcc CFLAGS='-O2 -flto' LDFLAGS='-Wl,-z,relro -Wl,-z,now'",
  } do
    it("makes a module that works with " .. flags, function()
      local compiler = flags:match("CC=(%w+)")
      local probe = "echo 'int f (void);' | %s %s -shared -x c - -o /dev/null"
      if not select(2, output_of(".", probe:format(compiler, "-flto"))) then
        pending("needs a " .. compiler .. " that links with -flto")
      end
      with_copy(function(tree)
        succeed(tree, flags .. " test SPECS=spec/start_spec.lua")
      end)
    end)
  end

  it("compiles anew with other flags, but not to install", function()
    with_compiler(function(tree, compile)
      local all = compile("CC=./compiler")
      assert.is_true(all > 50)
      assert.equal(0, (compile("CC=./compiler")))
      assert.equal(all, (compile("CC=./compiler CPPFLAGS=-DX='\"a b\"'")))
      assert.equal(0, (compile("CC=./compiler install DESTDIR=" .. tree)))
    end)
  end)

  it("compiles anew for a new header, and where a list is lost", function()
    with_compiler(function(tree, compile)
      local all = compile("CC=./compiler")
      assert(os.execute("touch " .. tree .. "/src/compat.h"))
      assert.equal(all, (compile("CC=./compiler")))
      assert(os.execute("rm " .. tree .. "/build/*/obj/linux/end.d"))
      assert.equal(1, (compile("CC=./compiler")))
      assert.equal(0, (compile("CC=./compiler")))
    end)
  end)

  it("takes CC and CFLAGS from the environment, and links with them", function()
    with_compiler(function(_, compile)
      local _, log = compile("all", "env CC=./compiler CFLAGS=-O7")
      assert.matches("%-shared [^\n]*%-O7", log)
    end)
  end)

  it("installs below DESTDIR, for another version of Lua", function()
    if not exists("/usr/include/lua5.3/lua.h") then
      pending("needs the headers of Lua 5.3")
    end
    with_compiler(function(tree, compile)
      compile("LUA_VERSION=5.3 LUA_INCDIR=/usr/include/lua5.3 CC=./compiler " ..
        "install DESTDIR=" .. tree)
      assert.equal("compiled\n",
        read(tree .. "/usr/local/lib/lua/5.3/pidfd.so"))
    end)
  end)
end)

describe("make checks before it compiles", function()
  local cases = {
    { "that there is a lua.h", "LUA_INCDIR=/nonexistent",
      "No lua.h in LUA_INCDIR, which is /nonexistent." },
    { "that there is a compiler", "CC=no-such-compiler",
      "cc +to compile C %(no%-such%-compiler%)\n" },
    { "that Lua has the right version", "LUA=./lua demo",
      "%./lua is Lua 5.0, not Lua %d.%d:\n" },
    { "that BUILD has no blanks", "BUILD='a b'",
      "BUILD is a directory without blanks in its name, not 'a b'" },
    { "which LUA_VERSION is meant", "LUA_VERSION=5.6",
      "LUA_VERSION is 5.1, 5.2, 5.3, 5.4, 5.5 or jit, not '5.6'" },
  }

  for _, case in ipairs(cases) do
    local what, words, message = case[1], case[2], case[3]
    it(what, function()
      with_copy(function(tree)
        directory.write(tree .. "/lua", "#!/bin/sh\necho 5.0\n", "755")
        local output, success = make(tree, words)
        assert.is_false(success)
        assert.matches(message, output)
        assert.is_false(exists(tree .. "/build"))
      end)
    end)
  end

  it("that lua.h has the right version", function()
    with_copy(function(tree)
      directory.write(tree .. "/lua.h", "#define LUA_VERSION_NUM 500\n", "644")
      local output, success = make(tree, "LUA_INCDIR=" .. tree)
      assert.is_false(success)
      assert.matches(tree .. "/lua.h is that of Lua 5.0, not of Lua ", output,
        1, true)
      assert.is_false(exists(tree .. "/build"))
    end)
  end)

  it("that /proc is mounted", function()
    local unshare = "unshare --user --map-root-user --mount"
    local mount = unshare .. " mount -t tmpfs none /proc"
    if not select(2, output_of(".", mount)) then
      pending("needs namespaces of its own")
    end
    with_copy(function(tree)
      local output, success = make(tree, "test", unshare .. " " ..
        "sh -c 'mount -t tmpfs none /proc && exec \"$@\"' sh")
      assert.is_false(success)
      assert.matches("No processes in /proc: 'mount -t proc proc /proc' as " ..
        "root.", output, 1, true)
      assert.is_false(exists(tree .. "/build"))
    end)
  end)
end)

describe("tools/need", function()
  -- With these programs, and no others.
  local function need(programs, what)
    local output, success
    directory.with(function(where)
      local texts = {}
      for _, name in ipairs { "id", "cut", "sort", "realpath", "dirname" } do
        local path = output_of(".", "command -v " .. name):gsub("\n", "")
        texts[name] = "exec " .. path .. ' "$@"'
      end
      for name, text in pairs(programs) do
        texts[name] = text
      end
      for name, text in pairs(texts) do
        directory.write(where .. "/" .. name, "#!/bin/sh\n" .. text .. "\n",
          "755")
      end
      output, success = output_of(".", ("PATH=%s tools/need %s"):format(where,
        what))
    end)
    return output, success
  end

  local user, fail = "echo 1000", "exit 1"
  local command = "\n  /[^\n]*/tools/apt%-install mandoc pandoc\n"

  it("shows the command where there is no sudo", function()
    local output, success = need({ id = user, ["apt-get"] = fail },
      "pandoc mandoc")
    assert.is_false(success)
    assert.matches("There is no sudo here: paste this as root:" .. command,
      output)
  end)

  it("shows the command where sudo does not work", function()
    local output, success = need({ id = user, ["apt-get"] = fail, sudo = fail },
      "pandoc mandoc")
    assert.is_false(success)
    assert.matches("To try again, paste this as root:" .. command, output)
  end)

  it("shows the command where nothing is to be installed", function()
    local output, success = need({ ["apt-get"] = fail },
      "--only-tell pandoc mandoc")
    assert.is_false(success)
    assert.matches("To install it, paste this as root:" .. command, output)
  end)

  it("shows the packages where there is no apt-get", function()
    local output, success = need({}, "pandoc")
    assert.is_false(success)
    assert.matches("pandoc +to make [^\n]* %(pandoc%)\nPlease install it",
      output)
  end)

  it("says what is missing although it was installed", function()
    local output, success = need({ id = user, ["apt-get"] = fail,
      sudo = "exit 0" }, "pandoc")
    assert.is_false(success)
    assert.matches("Installed, and still missing:\npandoc", output)
  end)
end)

describe("the tally", function()
  local function with_results(use)
    directory.with(function(where)
      local long = ("a name that is too long for a line, "):rep(3)
      directory.write(where .. "/results",
        "run 70 0 2 9\nsend_signal_value 2396 12 17 8\n", "644")
      directory.write(where .. "/results.pending", table.concat {
        "spec/run_spec.lua:112\t", long, "\tneeds a thing\n",
        "spec/run_spec.lua:20\ta run\tneeds ", long, "\n",
        "spec/run_spec.lua:7\ta run\tneeds a thing\n",
      }, "644")
      use(where .. "/results")
    end)
  end

  it("comes last, after a line for each pending spec", function()
    with_results(function(results)
      local output, success = output_of(".", "tools/tally " .. results)
      assert.is_false(success) -- some have failed
      assert.matches("\n\nspec/run_spec.lua:7  a run: needs a thing\n" ..
        "spec/run_spec.lua:20  a run: needs a name[^\n]*\n" ..
        "spec/run_spec.lua:112  a name[^\n]*: needs a thing\n", output)
      assert.matches("\nFailed:\n\nsend_signal_value\n", output, 1, true)
      assert.matches("\n2466 passed, 12 failed, 19 skipped\n$", output)
    end)
  end)

  it("and all before it fit a terminal", function()
    if not select(2, output_of(".", "script -qec true /dev/null")) then
      pending("needs script(1)")
    end
    with_results(function(results)
      local output = on_terminal(".", "tools/tally " .. results .. " || true")
      assert_no_long_line(output)
      assert.matches("\nspec/run_spec.lua:7  a run: needs a thing\r\n", output)
      assert.matches("\nspec/run_spec.lua:112  a name[^\r]*%.%.%.: needs a " ..
        "thing\r", output)
      assert.matches("\n2466 passed, 12 failed, 19 skipped\r\n$", output)
    end)
  end)

  it("and the table before it fit a terminal", function()
    with_results(function(results)
      local output = output_of(".", ("for name in lua-5.1 lua-5.2 lua-5.3 "
        .. "lua-5.4 lua-jit; do cp %s $(dirname %s)/$name; done; tools/table "
        .. "$(dirname %s)/lua-*"):format(results, results, results))
      assert_no_long_line(output)
      assert.matches("\nlua%-5.1: 2466 passed, 12 failed, 19 pending, 17 s\n",
        output)
      assert.matches("\n12330 passed, 60 failed, 95 skipped\n$", output)
    end)
  end)
end)

describe("tools/specs", function()
  -- It holds the named pipe, as does what it has started.
  local ENDLESS = [[
    it("does not end", function()
      local file = assert(io.open("%s", "w"))
      file:write("runs\n")
      file:flush()
      os.execute("sleep 100; true")
    end)
  ]]
  local READ = "exec <%s; read line; echo $line; timeout 60 cat; echo $?"

  it("refuses a file that is not there, and JOBS that is no number", function()
    for words, message in pairs {
      ["tools/specs . spec/nope_spec.lua"] = "No such file: spec/nope_spec.lua",
      ["JOBS=x tools/specs . spec"] = "JOBS is a number, not 'x'",
    } do
      local output, success = output_of(".", "env " .. words)
      assert.is_false(success)
      assert.equal(message .. "\n", output)
    end
  end)

  it("ends after Ctrl-C, with all that the specs have started", function()
    terminal.need()
    directory.with(function(where)
      local spec, fifo = where .. "/endless_spec.lua", where .. "/fifo"
      directory.write(spec, ENDLESS:format(fifo), "644")
      assert(os.execute("mkfifo " .. fifo))
      local command = ("exec %s tools/specs . %s"):format(FORGET, spec)
      local keyboard = assert(io.popen("exec script -qec '" .. command ..
        "' /dev/null >/dev/null", "w"))
      local reader = assert(io.popen(READ:format(fifo)))
      assert.equal("runs", reader:read())
      keyboard:write("\3")
      keyboard:flush()
      assert.equal("0", reader:read()) -- 124 if somebody still holds it
      reader:close()
      keyboard:close()
    end)
  end)
end)

describe("make help", function()
  it("fits a terminal", function()
    assert_no_long_line((output_of(".", FORGET .. " make help")))
  end)
end)

describe("make clean", function()
  it("says who can remove what belongs to somebody else", function()
    with_copy(function(tree)
      assert(os.execute(("mkdir -p %s/build/5.4 && chmod a-w %s/build"):format(
        tree, tree)))
      local output, success = make(tree, "clean", as_ordinary_user())
      assert(os.execute(("chmod u+w %s/build"):format(tree)))
      assert.is_false(success)
      assert.matches("^What root has built, 'sudo make clean' removes.\n",
        output)
    end)
  end)
end)
