local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

-- Spawns a shell with the options that the argument names, and waits for it.
local PARENT = [[
  local pidfd = require "pidfd"
  local options = load("return {" .. arg[1] .. "}")()
  options[1], options[2] = "sh", "-c"
  options[3] = 'trap "echo signalled; exit" USR1; echo ready; read line; :'
  assert(pidfd.spawn(options)):wait()
]]

-- What such a shell says when its parent has been killed.
local function last_words(options)
  local words
  local command = "exec " .. script.command(PARENT, options)
  spawned.with({ "sh", "-c", command, stdin = "pipe", stdout = "pipe" },
    function(p, pipes)
      local output = assert(pipes.stdout:file())
      assert.equal("ready", output:read())
      assert(p:send_signal("KILL"))
      assert(p:wait())
      pipes.stdin:close()
      words = output:read("a")
      output:close()
    end)
  return words
end

describe("the pdeathsig of pidfd.spawn()", function()
  it("reaches the child when its parent is killed", function()
    assert.equal("signalled\n", last_words("pdeathsig = 'USR1'"))
  end)

  it("may be a number, and a whole name", function()
    assert.equal("signalled\n", last_words("pdeathsig = 'SIGUSR1'"))
    assert.equal("signalled\n",
      last_words("pdeathsig = " .. pidfd.signal.USR1))
  end)

  it("is none when nothing is said", function()
    assert.equal("", last_words(""))
    assert.equal("", last_words("pdeathsig = 0"))
  end)

  it("is not lost when the user changes", function()
    run.need_root()
    assert.equal("signalled\n",
      last_words("pdeathsig = 'USR1', uid = 65534, gid = 65534, groups = {}"))
  end)

  -- What comes of a child whose getppid(2) tells this number.
  local function end_with_parent(pid)
    local options = "-f -e trace=getppid -e inject=getppid:retval=" .. pid
    local _, output = run.traced(options, [[
      local pidfd = require "pidfd"
      print(pidfd.spawn({ "echo", "here", pdeathsig = "KILL" }):wait())
    ]])
    return output
  end

  it("ends the child that has lost its parent before", function()
    assert.equal("exit\t127\n", end_with_parent(1))
  end)

  it("does not take a parent in another pid namespace for lost", function()
    assert.equal("here\nexit\t0\n", end_with_parent(0))
  end)

  it("is there in a session of its own", function()
    assert.equal("signalled\n",
      last_words("pdeathsig = 'USR1', session = true"))
  end)
end)
