local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local script = require "spec.support.script"

-- Lend 'use' a pidfd.fd for a file that was opened in that mode, and the
-- file's path.
local function with_fd(mode, use)
  fds.with_file(function(_, number, path)
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(number))
    p:close()
    ensure(use, function()
      fd:close()
    end, fd, path)
  end, mode)
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("fd:file()", function()
  it("returns a file of the io library, which closes as one", function()
    with_fd("w+", function(fd)
      local file = assert(fd:file())
      assert.equal("file", io.type(file))
      assert.is_true(file:close())
      assert.equal("closed file", io.type(file))
      assert.has_error(function() file:read(1) end)
    end)
  end)

  it("hands the descriptor over", function()
    with_fd("w+", function(fd)
      local number = fd:fileno()
      local file = assert(fd:file())
      assert.equal("closed pidfd.fd", pidfd.type(fd))
      assert.is_true(fds.is_open(number))
      assert.is_true(fd:close())
      assert.is_true(fds.is_open(number))
      assert.is_true(file:close())
      assert.is_false(fds.is_open(number))
    end)
  end)

  it("hands it over once", function()
    with_fd("w+", function(fd)
      local file = assert(fd:file())
      assert.error_matches(function() fd:file() end, "closed pidfd.fd")
      file:close()
    end)
  end)

  it("leaves nothing that could close the number again", function()
    with_fd("w+", function(fd)
      local number = fd:fileno()
      assert(fd:file()):close()
      local other = fds.take(number)
      fd:close()
      collectgarbage()
      assert.is_true(fds.is_open(number))
      assert.is_true(other:close())
    end)
  end)

  it("gives the descriptor back when the file is collected", function()
    local p = assert(pidfd.self())
    fds.with_file(function(_, number)
      assert.equal(0, fds.leaked(function()
        assert(assert(p:getfd(number)):file())
      end))
    end)
    p:close()
  end)

  it("returns a file whose close() tells what could not be stored", function()
    child.holding("9>/dev/full", function(p)
      local file = assert(assert(p:getfd(9)):file("w"))
      assert(file:write("in the buffer"))
      local closed, _, code = file:close()
      assert.is_nil(closed)
      assert.equal("ENOSPC", pidfd.errno[code])
      assert.equal("closed file", io.type(file))
    end)
  end)

  it("keeps the descriptor close-on-exec", function()
    with_fd("w+", function(fd)
      local number = fd:fileno()
      local file = assert(fd:file("r+"))
      assert.is_true(fds.has(number, "CLOEXEC"))
      file:close()
    end)
  end)

  for _, mode in ipairs { "r", "rb", "r+", "r+b" } do
    it("reads in mode " .. mode, function()
      with_fd("w+", function(fd, path)
        write(path, "one\ntwo\n")
        local file = assert(fd:file(mode))
        assert.equal("one", file:read("l"))
        assert.equal("two\n", file:read("a"))
        file:close()
      end)
    end)
  end

  for _, mode in ipairs { "w", "wb", "w+", "w+b", "r+", "a", "ab", "a+" } do
    it("writes in mode " .. mode, function()
      with_fd("w+", function(fd, path)
        local file = assert(fd:file(mode))
        assert(file:write("written"))
        assert.is_true(file:close())
        assert.equal("written", read(path))
      end)
    end)
  end

  it("does not truncate in mode w", function()
    with_fd("w+", function(fd, path)
      write(path, "0123456789")
      local file = assert(fd:file("w"))
      file:write("abc")
      file:close()
      assert.equal("abc3456789", read(path))
    end)
  end)

  it("writes at the end in mode a", function()
    with_fd("w+", function(fd, path)
      write(path, "0123456789")
      local file = assert(fd:file("a"))
      file:write("abc")
      file:close()
      assert.equal("0123456789abc", read(path))
    end)
  end)

  local refused = {
    { opened = "r", mode = "w", right = "r" },
    { opened = "r", mode = "a", right = "r" },
    { opened = "r", mode = "r+", right = "r" },
    { opened = "w", mode = "r", right = "w" },
    { opened = "w", mode = "w+", right = "w" },
  }

  for _, case in ipairs(refused) do
    local name = ("mode %s on one that was opened with %s")
      :format(case.mode, case.opened)

    it("fails with EINVAL for " .. name .. ", and keeps it", function()
      with_fd(case.opened, function(fd)
        local number = fd:fileno()
        fails("file", "EINVAL", fd:file(case.mode))
        collectgarbage() -- of what was to be the file
        assert.equal(number, fd:fileno())
        assert.is_true(fds.is_open(number))
        assert(assert(fd:file(case.right)):close())
      end)
    end)
  end

  local invalid = {
    "", "x", "R", "rw", "r++", "br", "+r", "rb+", "r+x", " r", "re", "42",
    "r\0", "r\0b",
  }

  for _, mode in ipairs(invalid) do
    it(("raises for the mode %q, and keeps it"):format(mode), function()
      with_fd("w+", function(fd)
        assert.error_matches(function() fd:file(mode) end, "bad argument")
        assert.equal("pidfd.fd", pidfd.type(fd))
      end)
    end)
  end

  for _, mode in ipairs { 1, true, {}, io.stdout } do
    it("raises for a mode that is a " .. type(mode), function()
      with_fd("w+", function(fd)
        assert.error_matches(function() fd:file(mode) end, "bad argument")
        assert.equal("pidfd.fd", pidfd.type(fd))
      end)
    end)
  end

  it("raises for a pidfd, and for a file", function()
    with_fd("w+", function(fd)
      local p = assert(pidfd.self())
      assert.error_matches(function() fd.file(p) end, "pidfd.fd expected")
      assert.error_matches(function() fd.file(io.stdout) end, "bad argument")
      p:close()
    end)
  end)

  it("raises where the io library is not loaded, and keeps it", function()
    local output = script.run [[
      local pidfd = require "pidfd"
      local fd = assert(pidfd.self():getfd(0))
      debug.getregistry()["FILE*"] = nil
      print(pcall(fd.file, fd))
      print(pidfd.type(fd))
    ]]
    assert.matches("^false\t[^\n]*io[^\n]* library[^\n]*\npidfd.fd\n$", output)
  end)

  it("reads a pipe that a process was to read from", function()
    local command = "exec 2>/dev/null; echo in the pipe | "
      .. "sh -c 'echo $$; exec sleep 60 >&-'"
    child.of(command, function(p)
      local file = assert(assert(p:getfd(0)):file())
      assert.equal("in the pipe\n", file:read("a"))
      file:close()
    end)
  end)

  it("reads a deleted file that a process holds", function()
    local path = os.tmpname()
    write(path, "nearly lost")
    child.holding("9<" .. path, function(p)
      os.remove(path)
      local file = assert(assert(p:getfd(9)):file())
      assert.equal("nearly lost", file:read("a"))
      file:close()
    end)
  end)
end)
