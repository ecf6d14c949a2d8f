local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- There is no such program: if an option is not refused, the call fails with
-- another error.
local function options_with(key, value)
  return { "/nowhere", [key] = value }
end

local function show(value)
  return type(value) == "string" and ("%q"):format(value)
    or math.type(value) and tostring(value)
    or "a " .. type(value)
end

-- Values that are wrong for that option. Where a value does not show what is
-- wrong with it, it has a name.
local wrong = {
  path = { 1, true, {}, "a\0b" },
  env = {
    1, true, "A=1",
    { name = "a number in the list", value = { "A=1" } },
    { name = "a number for a value", value = { A = 1 } },
    { name = "false for a value", value = { A = false } },
    { name = "a zero in a value", value = { A = "x\0y" } },
    { name = "a zero in a name", value = { ["A\0"] = "x" } },
    { name = "an equals sign in a name", value = { ["A=B"] = "x" } },
    { name = "an empty name", value = { [""] = "x" } },
  },
  cwd = { 1, true, {}, "/\0" },
  stdin = { "stdout" },
  stdout = { "stdout" },
  stderr = { "stdin" },
  fds = {
    1, true, "pipe",
    { name = "the number 2", value = { [2] = 0 } },
    { name = "the number -1", value = { [-1] = 0 } },
    { name = "the number 2^31 - 1", value = { [2 ^ 31 - 1] = 0 } },
    { name = "the number 2^32 + 3", value = { [2 ^ 32 + 3] = 0 } },
    { name = "the number 3.5", value = { [3.5] = 0 } },
    { name = "the number '3'", value = { ["3"] = 0 } },
    { name = "the descriptor 'pipe'", value = { [3] = "pipe" } },
    { name = "the descriptor '0'", value = { [3] = "0" } },
    { name = "the descriptor true", value = { [3] = true } },
    { name = "the descriptor -1", value = { [3] = -1 } },
    { name = "the descriptor 2^32", value = { [3] = 2 ^ 32 } },
  },
  groups = {
    1, true, "0",
    { name = "the group -1", value = { -1 } },
    { name = "the group '0'", value = { "0" } },
    { name = "the group 0.5", value = { 0.5 } },
    { name = "the group 2^32", value = { 2 ^ 32 } },
    { name = "the group 2^32 - 1", value = { 2 ^ 32 - 1 } },
    { name = "a name in it", value = { staff = 1 } },
    { name = "a hole in it", value = { 1, nil, 3 } },
  },
  cgroup = { true, {}, print, -1, 0.5, 2 ^ 32, "/\0" },
}

for _, key in ipairs { "stdin", "stdout", "stderr" } do
  for _, value in ipairs {
    true, {}, print, -1, 0.5, 2 ^ 31, 2 ^ 32, 0 / 0, "", "0", "PIPE", "pipe\0",
  } do
    table.insert(wrong[key], value)
  end
end

for _, key in ipairs { "uid", "gid" } do
  wrong[key] = { -1, 0.5, 2 ^ 32 - 1, 2 ^ 32, "0", true, {} }
end

wrong.pgroup = { -1, 0.5, 2 ^ 31, 2 ^ 32, "0", true, {} }
wrong.pdeathsig = { -1, 0.5, 2 ^ 32 + 9, "", "NONE", "TERM\0", true, {} }

wrong.umask = { -1, 512, 0.5, "022", true, {} }
wrong.nice = { -21, 20, 0.5, 2 ^ 32, "1", true, {} }
wrong.oom_score_adj = { -1001, 1001, 0.5, 2 ^ 32, "1", true, {} }
wrong.ctty = { -1, 0.5, 2 ^ 31, "0", true, {} }
wrong.rlimits = { 1, true, "core" }
wrong.setenv = { 1, true, "A=1" }
wrong.keepsignals = {
  1, true, "HUP",
  { name = "the signal 0", value = { 0 } },
  { name = "the signal 65", value = { 65 } },
  { name = "the signal 2^32 + 1", value = { 2 ^ 32 + 1 } },
  { name = "an unknown signal", value = { "NONE" } },
  { name = "a table in it", value = { {} } },
  { name = "a name in it", value = { PIPE = true } },
  { name = "a hole in it", value = { 1, nil, 3 } },
}

for name, value in sorted {
  ["an equals sign in a name"] = { ["A=B"] = false },
  ["an empty name"] = { [""] = false },
  ["a zero in a name"] = { ["A\0"] = false },
  ["a number for a name"] = { false },
} do
  table.insert(wrong.setenv, { name = name, value = value })
end

for _, key in ipairs { "session", "nnp", "autoreap", "autokill" } do
  wrong[key] = { 0, 1, "true", {} }
end

describe("pidfd.spawn() with an option", function()
  for key, values in sorted(wrong) do
    for _, case in ipairs(values) do
      local named = type(case) == "table" and case.name
      local value = case
      if named then
        value = case.value
      end
      it(("raises when %s is %s"):format(key, named or show(value)), function()
        assert.error_matches(function()
          pidfd.spawn(options_with(key, value))
        end, "bad argument #1.*%(" .. key .. "[.:[]")
      end)
    end
  end

  local unknown = {
    "args", "Stdin", "shell", "detached", "", "cwd\0", 0, -1, 3, 1.5, true,
    math.mininteger, {}, print,
  }

  for _, key in ipairs(unknown) do
    it("raises when its name is " .. show(key), function()
      assert.error_matches(function()
        pidfd.spawn(options_with(key, "/"))
      end, "bad argument #1.*number of an argument, .* expected, got ")
    end)
  end

  it("names the one that is unknown", function()
    assert.error_matches(function()
      pidfd.spawn { "/nowhere", shell = true }
    end, "or 'autokill' expected, got 'shell'%)")
  end)

  it("names the variable that is wrong", function()
    assert.error_matches(function()
      pidfd.spawn { "/nowhere", env = { GOOD = "x", HOME = 1 } }
    end, "%(env%.HOME: string expected, got number")
  end)

  it("names the number whose descriptor is wrong", function()
    assert.error_matches(function()
      pidfd.spawn { "/nowhere", fds = { [3] = 0, [7] = "0" } }
    end, "%(fds%[7%]: descriptor expected, got '0'")
  end)

  it("opens nothing when it raises", function()
    assert.equal(0, fds.leaked(function()
      assert.is_false((pcall(pidfd.spawn, {
        "true", stdin = "pipe", stdout = "null", autokill = 1,
      })))
    end))
  end)
end)

describe("pidfd.spawn() with arguments", function()
  local lists = {
    ["none"] = {},
    ["only options"] = { stdin = "null" },
    ["a hole"] = { "/nowhere", nil, "x" },
    ["nothing at 1"] = { nil, "x" },
    ["a number"] = { "/nowhere", 1 },
    ["a number for the program"] = { 1 },
    ["true"] = { "/nowhere", true },
    ["a table"] = { "/nowhere", {} },
    ["a zero in one"] = { "/nowhere", "a\0b" },
    ["a zero in the program"] = { "/nowhere\0" },
  }

  for name, list in sorted(lists) do
    it("raises when they are or have " .. name, function()
      assert.error_matches(function()
        pidfd.spawn(list)
      end, "bad argument #1")
    end)
  end

  it("names the one that is wrong", function()
    assert.error_matches(function()
      pidfd.spawn { "/nowhere", "x", false }
    end, "%(%[3%]: string expected, got boolean")
  end)

  for _, value in ipairs { "true", 1, true, print, io.stdout } do
    it("raises for " .. show(value) .. " instead of a table", function()
      assert.error_matches(function() pidfd.spawn(value) end,
        "bad argument #1")
    end)
  end

  it("raises without any", function()
    assert.error_matches(function() pidfd.spawn() end, "bad argument #1")
  end)
end)

-- A table of which '#' says that it is as long as can be.
local function endless()
  local fields, i = { "[math.maxinteger] = 'x'" }, 1
  while i > 0 and i <= math.maxinteger do -- it may overflow
    table.insert(fields, ("[%d] = 'x'"):format(i))
    i = 2 * i
  end
  return load("return { " .. table.concat(fields, ", ") .. " }")()
end

describe("the table of pidfd.spawn()", function()
  it("raises when another follows, which would be ignored", function()
    assert.error_matches(function()
      pidfd.spawn({ "true" }, { uid = 65534 })
    end, "bad argument #2")
  end)

  it("raises when it seems to be endless", function()
    assert.error_matches(function()
      pidfd.spawn(endless())
    end, "bad argument #1")
  end)

  it("may have a metatable, which is not asked", function()
    local function never()
      error("asked")
    end
    local text = spawned.output(setmetatable({ "echo", "x", stdout = "pipe" }, {
      __index = never, __len = never, __pairs = never, __newindex = never,
    }))
    assert.equal("x\n", text)
  end)

  it("has no options from a metatable", function()
    local text = spawned.output(setmetatable({ "pwd", "-P", cwd = "/proc" }, {
      __index = { cwd = "/", path = "/nowhere", uid = -1 },
    }))
    assert.equal("/proc\n", text)
  end)

  it("may say false for what is not wanted", function()
    spawned.with({ "true", session = false, nnp = false, autoreap = false,
      autokill = false, pdeathsig = 0 }, function(p)
      assert.equal("exit", (p:wait()))
    end)
  end)
end)
