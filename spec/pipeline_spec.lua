local script = require "spec.support.script"

local EXAMPLE = "examples/pipeline.lua"

local function pipeline(...)
  local output, errors, how, code = script.run(EXAMPLE, ...)
  assert.equal("exit", how)
  return output, errors, code
end

describe("examples/pipeline.lua", function()
  it("runs three programs in a row, and tells how each has ended", function()
    local output, errors, code = pipeline("printf", "b\\na\\nc\\n", "--",
      "sort", "-r", "--", "head", "-n", "2")
    assert.equal("c\nb\n", output)
    assert.equal("printf: exit 0\nsort: exit 0\nhead: exit 0\n", errors)
    assert.equal(0, code)
  end)

  it("lets one end by SIGPIPE when the next wants no more", function()
    local output, errors, code = pipeline("yes", "--", "cat", "--",
      "head", "-n", "1")
    assert.equal("y\n", output)
    assert.equal("yes: signal PIPE\ncat: signal PIPE\nhead: exit 0\n", errors)
    assert.equal(0, code)
  end)

  it("returns 1 for a program that fails, the first as well", function()
    local _, errors, code = pipeline("sh", "-c", "echo x; exit 3", "--", "cat",
      "--", "grep", "y")
    assert.equal("sh: exit 3\ncat: exit 0\ngrep: exit 1\n", errors)
    assert.equal(1, code)
    assert.equal(1, (select(3, pipeline("false", "--", "cat"))))
    assert.equal(1, (select(3, pipeline("true", "--", "sh", "-c",
      "kill -PIPE $$"))))
  end)

  it("runs one program alone", function()
    local output, errors, code = pipeline("echo", "x")
    assert.same({ "x\n", "echo: exit 0\n", 0 }, { output, errors, code })
  end)

  it("ends the others where one cannot be started", function()
    local output, errors, code = pipeline("sleep", "60", "--",
      "/nonexistent/program", "--", "cat")
    assert.equal("", output)
    assert.matches("^spawn: execve /nonexistent/program: .", errors)
    assert.equal(125, code)
  end)

  for _, words in ipairs { {}, { "--" }, { "true", "--" }, { "--", "true" } } do
    it("tells how to use it: {" .. table.concat(words, " ") .. "}", function()
      local _, errors, code = pipeline(table.unpack(words))
      assert.matches("^usage: ", errors)
      assert.equal(125, code)
    end)
  end
end)
