local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local terminal = require "spec.support.terminal"

local EXAMPLE = "examples/run.lua"

-- Returns what the example wrote to stdout and to stderr, and its status.
local function run(...)
  local output, errors, how, code = script.run(EXAMPLE, ...)
  assert.equal("exit", how)
  return output, errors, code
end

describe("examples/run.lua", function()
  for _, case in ipairs {
    { "returns the command's exit status", 3, "sh", "-c", "exit 3" },
    { "returns 255", 255, "sh", "-c", "exit 255" },
    { "returns 128 and the signal", 128 + 9, "sh", "-c", "kill -KILL $$" },
    { "returns 124 when the time is over", 124, "-t", "0.05", "sleep", "60" },
    { "returns 124 when it takes SIGKILL", 124,
      "-t", "0.1", "-k", "0.1", "sh", "-c", "trap '' TERM; exec sleep 60" },
    { "returns 126 for what cannot be executed", 126, "/etc/passwd" },
    { "returns 127 for no such command", 127, "/nonexistent/command" },
    { "takes a command after --", 0, "--", "true" },
  } do
    it(case[1], function()
      assert.equal(case[2], (select(3, run(table.unpack(case, 3)))))
    end)
  end

  for _, words in ipairs {
    {}, { "-t" }, { "-t", "soon", "true" }, { "-x", "true" }, { "-v" },
    { "-l", "0.5", "true" }, { "--" }, { "--verbose", "true" },
  } do
    it("returns 125 for {" .. table.concat(words, " ") .. "}", function()
      local output, errors, code = run(table.unpack(words))
      assert.equal("", output)
      assert.matches("^usage: ", errors)
      assert.equal(125, code)
    end)
  end

  for _, words in ipairs {
    { "-t", "-1", "true" }, { "-t", "nan", "true" },
    { "-i", "/nonexistent/file", "true" },
  } do
    it("returns 125 for {" .. table.concat(words, " ") .. "}", function()
      local _, errors, code = run(table.unpack(words))
      assert.is_true(#errors > 0)
      assert.equal(125, code)
    end)
  end

  it("writes both outputs", function()
    local output, errors = run("sh", "-c", "echo out; echo err >&2")
    assert.same({ "out\n", "err\n" }, { output, errors })
  end)

  it("writes what there was when the time was over", function()
    for _, seconds in ipairs { "0.2", "2", "20", "60" } do
      local output, errors, code = run("-v", "-t", seconds,
        "sh", "-c", "echo out; exec sleep 60")
      assert.equal(124, code)
      assert.equal(("sh: signal TERM (timed out after %s s)\n"):format(seconds),
        errors)
      if output ~= "" then
        assert.equal("out\n", output)
        return
      end
    end
  end)

  it("keeps to the limit", function()
    assert.equal("y\ny\n", (run("-l", "4", "-t", "0.2", "yes")))
  end)

  it("reads the input from a file", function()
    fds.with_file(function(file, _, path)
      file:write("from a file")
      file:flush()
      assert.equal("from a file", (run("-i", path, "cat")))
    end)
    assert.equal("", (run("cat")))
    assert.equal("", (run("-i", "-", "cat"))) -- which script.run empties
  end)

  it("tells how to use it", function()
    local output, errors, code = run("--help")
    assert.matches("^usage: ", output)
    assert.matches("SIGKILL", output)
    assert.same({ "", 0 }, { errors, code })
  end)

  it("ends all of the command on Ctrl-C", function()
    terminal.need()
    local output, how, code = terminal.interrupt([[
      local ready = require "spec.programs.ready"
      arg = { "sh", "-c", "trap '' INT; sleep 60 & wait" }
      ready()
      dofile("examples/run.lua")
    ]])
    assert.matches("interrupted!\n$", output)
    if how == "signal" then -- Lua 5.1 and LuaJIT know the status of a shell
      code = 128 + code
    end
    assert.equal(128 + pidfd.signal.INT, code)
  end)
end)
