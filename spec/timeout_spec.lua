local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local shell = require "spec.support.shell"
local sorted = require "spec.support.sorted"
local state = require "spec.support.state"

local EXAMPLE = "examples/timeout.lua"

-- Returns what the example wrote to stdout and to stderr, and its status.
local function timeout(...)
  local output, errors, how, code = script.run(EXAMPLE, ...)
  assert.equal("exit", how)
  return output, errors, code
end

local function status_of(...)
  return (select(3, timeout(...)))
end

-- What a shell command prints in which "$@" runs the example.
local function output_of(command, ...)
  local example = script.command(EXAMPLE, ...)
  return (shell.output("set -- " .. example .. "; " .. command))
end

-- What a shell command prints that traps the signal of this name. It may get
-- the signal before it comes to that on a busy machine: then with more time.
local function output_in_time(name, command)
  for _, seconds in ipairs { "0.2", "2", "20", "60" } do
    local output = timeout("-s", name, seconds, "sh", "-c", command)
    if output ~= "" then
      return output
    end
  end
end

describe("examples/timeout.lua", function()
  for _, case in ipairs {
    { "returns the command's exit status", 3, "9", "sh", "-c", "exit 3" },
    { "returns 128 and the signal that ended the command", 128 + 9,
      "9", "sh", "-c", "kill -KILL $$" },
    { "returns 124 when the time is over", 124, "0.05", "sleep", "60" },
    { "returns 124 whatever the command makes of its end", 124,
      "0.2", "sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.01; done" },
    { "returns 137 when it takes a KILL", 128 + 9,
      "-s", "WINCH", "-k", "0.05", "0.05", "sleep", "60" },
    { "returns 137 when KILL is the signal", 128 + 9,
      "-s", "kill", "0.05", "sleep", "60" },
    { "returns 126 when the command cannot be executed", 126,
      "9", "/etc/passwd" },
    { "returns 127 when there is no such command", 127,
      "9", "/nonexistent/command" },
    { "sets no limit for 0 seconds", 0, "0", "sleep", "0.05" },
    { "knows seconds", 124, "0.05s", "sleep", "60" },
    { "knows minutes", 124, "0.001m", "sleep", "60" },
    { "knows hours", 124, "0.00001h", "sleep", "60" },
    { "knows days", 124, "0.000001d", "sleep", "60" },
    { "lets a stopped command end", 124,
      "-k", "60", "0.1", "sh", "-c", "kill -STOP $$; sleep 60" },
  } do
    it(case[1], function()
      assert.equal(case[2], status_of(table.unpack(case, 3)))
    end)
  end

  for _, words in ipairs {
    {}, { "1" }, { "-1", "true" }, { "soon", "true" }, { "nan", "true" },
    { "s", "true" }, { "1y", "true" }, { "1ms", "true" },
    { "-k", "soon", "1", "true" }, { "-s", "NOSUCH", "1", "true" },
    { "-s", "0", "1", "true" }, { "-s", "RTMIN-1", "1", "true" },
    { "-s", "RTMAX+1", "1", "true" }, { "-s", "RTMIN+x", "1", "true" },
    { "-s", "1.5", "1", "true" }, { "-s" }, { "-k" },
  } do
    it("returns 125 for the arguments {" .. table.concat(words, " ") .. "}",
      function()
        local output, errors, code = timeout(table.unpack(words))
        assert.equal("", output)
        assert.matches("^usage: ", errors)
        assert.equal(125, code)
      end)
  end

  it("sends the signal that is asked for", function()
    local command = "trap 'echo USR1; exit' USR1; while :; do sleep 0.01; done"
    assert.equal("USR1\n", output_in_time("SIGUSR1", command))
  end)

  for name, number in sorted {
    ["RTMIN"] = pidfd.signal.RTMIN,
    ["sigrtmin+1"] = pidfd.signal.RTMIN + 1,
    ["RTMAX-2"] = pidfd.signal.RTMAX - 2,
    ["40"] = 40,
  } do
    it("sends real-time signals too: " .. name, function()
      local command = "trap 'echo here; exit' %d; while :; do sleep 0.01; done"
      assert.equal("here\n", output_in_time(name, command:format(number)))
    end)
  end

  it("passes each word on as it is", function()
    local words = { "", " ", "a b", "it's", '"', "$HOME", "\\", "*", "x\ny" }
    local output = timeout("9", "printf", "[%s]", table.unpack(words))
    assert.equal("[" .. table.concat(words, "][") .. "]", output)
  end)

  it("leaves stdin and stderr to the command", function()
    local output, errors = timeout("9", "sh", "-c", "echo oops >&2")
    assert.equal("", output)
    assert.equal("oops\n", errors)
    assert.equal("in", output_of("printf in | \"$@\"", "9", "cat"))
  end)

  it("leaves the very same stdout to the command", function()
    local path = os.tmpname()
    local command = ('{ echo 1; "$@"; echo 3; } >%s; cat %s'):format(path, path)
    local output = output_of(command, "9", "echo", "2")
    os.remove(path)
    assert.equal("1\n2\n3\n", output)
  end)

  it("leaves no other descriptor to the command", function()
    assert.equal("0\n1\n2\n3\n", -- the last is of the directory itself
      output_of('"$@" 9</dev/null', "9", "ls", "/proc/self/fd"))
  end)

  -- A line from the command says that it runs, of which the example has been
  -- told before: if it sleeps after that, it waits for the end.
  local function interrupted(seconds, command)
    local words = "exec " .. script.command(EXAMPLE, seconds, "sh", "-c",
      command)
    local how, code
    child.ready({ "sh", "-c", words, session = true }, function(p)
      repeat
        local letter = state.of(p:pid())
      until letter == "S" or letter == "Z"
      -- On a terminal, it is a signal for the whole foreground process group.
      os.execute(("kill -INT -%d"):format(p:pid()))
      how, code = p:wait(60)
    end)
    return how, code
  end

  it("leaves Ctrl-C to the command", function()
    assert.same({ "exit", 7 }, { interrupted("60",
      "trap 'exit 7' INT; echo; while :; do sleep 1; done") })
  end)

  it("keeps to the time after Ctrl-C, too", function()
    assert.same({ "exit", 124 }, { interrupted("0.5",
      "trap '' INT; echo; exec sleep 60") })
  end)

  it("ends the command when it is ended itself", function()
    local words = "exec " .. script.command(EXAMPLE,
      "60", "sh", "-c", "echo $$; exec sleep 60 >&-")
    child.ready({ "sh", "-c", words }, function(example, said)
      local command = assert(pidfd.open(tonumber(said)))
      ensure(function()
        assert(example:send_signal("TERM"))
        assert.is_true(command:poll(60))
      end, function()
        command:send_signal("KILL")
        command:close()
      end)
    end)
  end)
end)
