local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local stream = require "spec.support.stream"
local terminal = require "spec.support.terminal"

local MIB = 2 ^ 20

-- No two pieces of it are alike.
local function text_of(n)
  local lines = {}
  for i = 1, math.ceil(n / 16) do
    lines[i] = ("%015d\n"):format(i)
  end
  return table.concat(lines):sub(1, n)
end

local function shell(command, options)
  options = options or {}
  options[1], options[2], options[3] = "sh", "-c", command
  return assert(pidfd.run(options))
end

describe("the input of pidfd.run()", function()
  for _, n in ipairs { 0, 1, 4096, 65535, 65536, 65537, MIB + 1 } do
    it(("comes back from cat: %d bytes"):format(n), function()
      local text = text_of(n)
      local result = assert(pidfd.run { "cat", input = text })
      assert.is_true(result.ok)
      assert.is_true(result.stdout == text)
    end)
  end

  it("comes back from cat: 16 MiB, by both outputs", function()
    local text = text_of(16 * MIB)
    local result = shell("tee /dev/stderr", { input = text })
    assert.is_true(result.ok)
    assert.is_true(result.stdout == text)
    assert.is_true(result.stderr == text)
  end)

  it("ends at once if it is empty", function()
    local result = shell("readlink /proc/self/fd/0; cat; echo end",
      { input = "" })
    assert.matches("^pipe:.*\nend\n$", result.stdout)
  end)

  it("may be closed before it is read", function()
    local result = shell("exec <&-; echo here", { input = text_of(4 * MIB) })
    assert.is_true(result.ok)
    assert.equal("here\n", result.stdout)
  end)

  it("may be read in part", function()
    local result = assert(pidfd.run {
      "head", "-c", "5", input = text_of(4 * MIB),
    })
    assert.is_true(result.ok)
    assert.equal("00000", result.stdout)
  end)

  it("may never be read", function()
    local result = assert(pidfd.run { "true", input = text_of(4 * MIB) })
    assert.is_true(result.ok)
  end)

  it("does not hold up the end where a grandchild keeps it", function()
    local result = shell("exec 3<&0; sleep 60 <&3 >/dev/null 2>&1 3<&- &"
      .. "echo $!", { input = text_of(4 * MIB) })
    assert.is_true(result.ok)
    assert.is_false(result.held)
    local p = assert(pidfd.open(tonumber(result.stdout)))
    p:send_signal("KILL")
    p:close()
  end)

  it("sends no SIGPIPE to this process", function()
    stream.ends()
    local output, _, how, code = script.run([[
      local ends, pidfd = require "ends", require "pidfd"
      ends.reset(pidfd.signal.PIPE)
      print(pidfd.run { "true", input = ("x"):rep(2 ^ 22) })
      for line in io.lines("/proc/thread-self/status") do
        if line:find("^Sig[PB]") or line:find("^ShdP") then
          print((line:gsub("%s+", " ")))
        end
      end
    ]])
    assert.same({ "exit", 0 }, { how, code })
    local _, zeros = output:gsub(": 0+\n", "")
    assert.equal(3, zeros)
  end)
end)

describe("the outputs of pidfd.run()", function()
  it("are both collected when both are filled at once", function()
    local result = shell([[
      head -c 8388608 /dev/zero & head -c 8388608 /dev/zero >&2; wait]])
    assert.is_true(result.ok)
    assert.equal(8 * MIB, #result.stdout)
    assert.equal(8 * MIB, #result.stderr)
  end)

  it("are collected in turns", function()
    local result = shell([[
      for i in 1 2 3 4; do
        head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2
      done]])
    assert.equal(4000000, #result.stdout)
    assert.equal(4000000, #result.stderr)
  end)

  it("may end long before the program does", function()
    local result = shell("echo x; exec >&- 2>&-; read line; exit 3",
      { input = "line\n" })
    assert.same({ "x\n", 3 }, { result.stdout, result.code })
  end)

  for _, limit in ipairs { 0, 1, 65535, 65536, 65537, 3000000 } do
    it("are kept up to a limit of " .. limit, function()
      local text = text_of(4 * MIB)
      local result = shell("tee /dev/stderr", { input = text, limit = limit })
      assert.is_true(result.ok) -- nobody kept it from writing all
      assert.is_true(result.truncated)
      assert.is_true(result.stdout == text:sub(1, limit))
      assert.is_true(result.stderr == text:sub(1, limit))
    end)
  end

  it("are kept up to the limit though only one is longer", function()
    for _, command in ipairs { "printf 1234; printf 1 >&2",
      "printf 1; printf 1234 >&2" } do
      local result = shell(command, { limit = 3 })
      assert.is_true(result.truncated)
      assert.equal(4, #result.stdout + #result.stderr)
    end
  end)

  for _, limit in ipairs { 5, 6, math.maxinteger } do
    it("are whole with a limit of " .. limit, function()
      local result = shell("printf 12345", { limit = limit })
      assert.equal("12345", result.stdout)
      assert.is_false(result.truncated)
    end)
  end

  it("take no more than twice their memory", function()
    stream.need_plain_memory()
    local output = run.under("exec", [[
      local peak = require "spec.programs.peak"
      local pidfd = require "pidfd"
      local before = peak()
      local r = pidfd.run { "head", "-c", "100000000", "/dev/zero" }
      print(#r.stdout, peak() - before < 2 * 96 + 8)
    ]])
    assert.equal("100000000\ttrue\n", output)
  end)

  it("take no more memory than the limit", function()
    stream.need_plain_memory()
    local output = run.under("ulimit -v 100000; exec", [[
      local pidfd = require "pidfd"
      local r, message = pidfd.run {
        "head", "-c", "1000000000", "/dev/zero", limit = 1000000,
      }
      print(r and #r.stdout, r and r.ok or message)
    ]])
    assert.equal("1000000\ttrue\n", output)
  end)

  it("fail with ENOMEM where there is no memory, and end the job", function()
    stream.need_plain_memory()
    local output = run.under("ulimit -v 100000; exec", [[
      local pidfd = require "pidfd"
      local r, message, code = pidfd.run {
        "sh", "-c", "sleep 60 & exec cat /dev/zero",
      }
      print(r, message:match("^run sh: %l+ %l+: "), pidfd.errno[code])
      local children = io.open("/proc/thread-self/children")
      print(children and children:read("a") or "")
    ]])
    assert.equal("nil\trun sh: read stdout: \tENOMEM\n\n", output)
  end)
end)

describe("1 GiB through pidfd.run()", function()
  it("comes back", function()
    if not os.getenv("PIDFD_LARGE") then
      pending("takes 3 GiB of memory: PIDFD_LARGE=1")
    end
    local text = ("0123456789abcdef"):rep(2 ^ 26)
    local result = assert(pidfd.run { "cat", input = text, timeout = 600 })
    assert.is_true(result.ok)
    assert.is_true(result.stdout == text)
  end)
end)

describe("a terminal's pidfd.run()", function()
  it("is interrupted by Ctrl-C, and leaves nothing", function()
    terminal.need()
    local output = terminal.interrupt([[
      local ready = require "spec.programs.ready"
      local pidfd = require "pidfd"
      ready()
      print(pcall(pidfd.run, { "sh", "-c", "trap '' INT; sleep 60 & wait" }))
      collectgarbage()
      local self = assert(pidfd.self())
      local n = 0
      for _, target in pairs(self:fds()) do
        n = n + (target:find("pidfd") and 1 or 0)
      end
      local children = io.open("/proc/thread-self/children")
      print(n, children and children:read("a") or "")
    ]])
    assert.matches("false\t[^\n]*interrupted!\n1\t\n$", output)
  end)
end)
