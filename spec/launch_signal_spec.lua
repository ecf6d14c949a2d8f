local run = require "spec.support.run"

describe("a signal while pidfd.spawn() is at work", function()
  it("is not for the child before it becomes the program", function()
    local trace = run.traced("-f -e trace=dup3,rt_sigprocmask,execve",
      "require('pidfd').spawn({ 'true', stderr = 0 }):wait()")
    local pid, mine = trace:match("\n(%d+) +dup3"), {}
    for line in trace:gmatch("[^\n]+") do
      if line:match("^%d+") == pid then
        table.insert(mine, line)
      end
    end
    local before, after =
      table.concat(mine, "\n"):match("^(.-)dup3(.-)execve")
    assert.not_matches("SIG_SETMASK, %[%]", before)
    assert.matches("SIG_SETMASK, %[%]", after)
  end)
end)
