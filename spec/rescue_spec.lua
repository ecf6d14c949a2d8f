local child = require "spec.support.child"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local shell = require "spec.support.shell"

local EXAMPLE = "examples/rescue.lua"

local function write(path, content)
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
end

local function every_byte()
  local bytes = {}
  for byte = 0, 255 do
    table.insert(bytes, string.char(byte))
  end
  return table.concat(bytes)
end

-- Lend 'use' the pid of a child that has the deleted file as descriptor 7,
-- opened by 'redirection', and has done this with it.
local function holding(content, redirection, command, use)
  local path = os.tmpname()
  write(path, content)
  local line = "exec 7%s%s; rm %s; %s"
  child.after(line:format(redirection, path, path, command), function(_, pid)
    use(pid)
  end)
end

local function offset(pid)
  return tonumber(read("/proc/" .. pid .. "/fdinfo/7"):match("pos:%s*(%d+)"))
end

local function assert_fails(complaint, output, errors, how, code)
  assert.equal("", output)
  assert.matches("^" .. complaint, errors)
  assert.same({ "exit", 1 }, { how, code })
end

describe("examples/rescue.lua", function()
  it("copies a deleted file, whatever is in it", function()
    local content = every_byte():rep(3)
    holding(content, "<", ":", function(pid)
      local output, errors, how, code = script.run(EXAMPLE, pid, 7)
      assert.equal("", errors)
      assert.equal(content, output)
      assert.same({ "exit", 0 }, { how, code })
    end)
  end)

  it("copies an empty file", function()
    holding("", "<", ":", function(pid)
      local output, errors, how, code = script.run(EXAMPLE, pid, 7)
      assert.same({ "", "", "exit", 0 }, { output, errors, how, code })
    end)
  end)

  it("copies a file that the program can only write", function()
    holding("so far ", ">>", "echo so good >&7", function(pid)
      assert.equal("so far so good\n", (script.run(EXAMPLE, pid, 7)))
    end)
  end)

  it("leaves the program's offset alone", function()
    holding("first\nsecond\n", "<", "read -r line <&7", function(pid)
      assert.equal(#"first\n", offset(pid))
      assert.equal("first\nsecond\n", (script.run(EXAMPLE, pid, 7)))
      assert.equal(#"first\n", offset(pid))
    end)
  end)

  it("copies a file of 64 MiB", function()
    local sum = os.tmpname()
    local fill = "head -c 64M /dev/urandom >&7; cksum </proc/$$/fd/7 >" .. sum
    holding("", "<>", fill, function(pid)
      local command = script.command(EXAMPLE, pid, 7)
      assert.equal(read(sum), (shell.output(command .. " | cksum")))
    end)
    os.remove(sum)
  end)

  it("reports that its output cannot be written", function()
    holding("content", "<", ":", function(pid)
      local command = script.command(EXAMPLE, pid, 7) .. " 2>&1 >/dev/full"
      local output, how, code = shell.output(command)
      assert.matches("^rescue: cannot write: .", output)
      assert.same({ "exit", 1 }, { how, code })
    end)
  end)

  local cases = {
    { name = "a pipe", redirection = "7>&1", target = "pipe:%[" },
    { name = "a device", redirection = "7</dev/null", target = "/dev/null" },
    { name = "a directory", redirection = "7</proc", target = "/proc" },
  }
  for _, case in ipairs(cases) do
    it("refuses " .. case.name, function()
      child.holding(case.redirection, function(_, pid)
        local complaint = "rescue: " .. case.target
        assert_fails(complaint, script.run(EXAMPLE, pid, 7))
      end)
    end)
  end

  it("complains where there is no such descriptor", function()
    child.with(function(_, pid)
      local output, errors, how, code = script.run(EXAMPLE, pid, 99)
      assert_fails("rescue: getfd [^:]*: ", output, errors, how, code)
      assert.matches("no such descriptor\n$", errors)
    end)
  end)

  it("complains where it is not permitted", function()
    local program = "arg[2] = 0 " .. read(EXAMPLE)
    local output = run.as_stranger(program)
    assert.matches("^rescue: getfd [^:]*: .", output)
  end)

  it("complains where there is no such process", function()
    local pid = child.reaped()
    assert_fails("rescue: open %d+: ", script.run(EXAMPLE, pid, 0))
  end)

  local wrong = { "", "1", "1 2 3", "0 1", "1 x" }
  for _, arguments in ipairs(wrong) do
    it("explains itself if called with '" .. arguments .. "'", function()
      local command = script.command(EXAMPLE) .. " " .. arguments
      local output, how, code = shell.output(command .. " 2>&1")
      assert.matches("^usage: ", output)
      assert.same({ "exit", 2 }, { how, code })
    end)
  end
end)
