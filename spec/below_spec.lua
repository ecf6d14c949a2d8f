-- What the calls have in common that open something below /proc/PID.

local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local sorted = require "spec.support.sorted"

-- By call: its method, and the text to write; the name of what there is of each
-- process; names of what is only its user's; and what the call refuses, by
-- errno. What is written changes nothing.
local calls = {
  ["p:link()"] = {
    method = "link", name = "exe",
    private = { "exe", "cwd", "ns/net", "fd/0" },
    refused = { EINVAL = "stat" },
  },
  ["p:list()"] = {
    method = "list", name = "fd", private = { "fd" },
    refused = { ELOOP = "cwd", ENOTDIR = "stat" },
  },
  ["p:proc()"] = {
    method = "proc", name = "comm", private = { "environ" },
    refused = { EISDIR = "fd", ELOOP = "exe" },
  },
  ["p:proc() with a text"] = {
    method = "proc", name = "oom_score_adj", private = { "oom_score_adj" },
    text = read("/proc/self/oom_score_adj"):match("%S+"),
    refused = { EISDIR = "task", ELOOP = "fd/0" },
  },
}

for title, call in sorted(calls) do
  local method, name = call.method, call.name

  -- The call as an expression, for the pidfd 'p' and that name, or none.
  local function expression(file)
    local quoted = file and ("%q"):format(file) or ""
    local text = call.text and (", %q"):format(call.text) or ""
    return ("p:%s(%s%s)"):format(method, quoted, text)
  end

  -- Make the call for a pidfd and a name. A message counts the arguments of a
  -- method only where it is called by its name.
  -- A tail call would hide that name from LuaJIT.
  local make = assert(load(("local p, file = ...\nlocal a, b, c = %s\n" ..
    "return a, b, c"):format((expression("@"):gsub('"@"', "file")))))

  describe(title, function()
    local self
    ourselves(function(p) self = p end)

    it("fails with ESRCH for a process that was reaped", function()
      child.with_reaped(function(p)
        fails(method, "ESRCH", make(p, name))
        fails(method, "ESRCH", make(p, "nonesuch"))
      end)
    end)

    it("fails with ESRCH where another process has the number", function()
      local output = reused.run([[
        local reused = require "spec.programs.reused"
        local errno, start, replace = reused.errno, reused.start, reused.replace
        local old = start()
        local call = assert(load("local p = ...\nreturn " .. arg[1]))
        local new = replace(old)
        print(call(new) ~= nil, errno(call(old)))
      ]], expression(name))
      assert.equal("true\tESRCH\n", output)
    end)

    for _, file in ipairs(call.private) do
      it("fails with EACCES for another user's " .. file .. ", and says why",
        function()
          local errno, message = elsewhere.as_stranger(expression(file))
          assert.equal("EACCES", errno)
          -- An emulator does not let through what tells why.
          assert.matches("^" .. method .. " %d+/" .. file ..
            ": Permission denied" ..
            (run.is_emulated() and "" or " %(it is of user 0"), message)
        end)
    end

    it("fails with ENOENT for what does not exist", function()
      for _, file in ipairs {
        "nonesuch", "task/1/nonesuch", "fd/77777", "ns/nonesuch", "...",
      } do
        fails(method, "ENOENT", make(self, file))
      end
    end)

    it("fails with ENOTDIR below a file", function()
      for _, file in ipairs { "comm/comm", "stat/x" } do
        fails(method, "ENOTDIR", make(self, file))
      end
    end)

    it("fails with ELOOP below a link", function()
      for _, file in ipairs {
        "root/proc/self", "root/etc", "root/etc/passwd", "cwd/x",
        "cwd/Makefile", "fd/0/x", "exe/x",
      } do
        fails(method, "ELOOP", make(self, file))
      end
    end)

    it("fails with ENAMETOOLONG for too long a name", function()
      fails(method, "ENAMETOOLONG", make(self, ("x"):rep(5000)))
    end)

    it("fails with ENOENT where /proc is hidden", function()
      assert.equal("ENOENT",
        (elsewhere.without_proc(expression(name))))
    end)

    it("fails with EREMOTE for one outside of the pid namespace", function()
      assert.equal("EREMOTE", (elsewhere.outside(expression(name))))
    end)

    it("fails with EBADF when somebody else closed the number", function()
      local p = assert(pidfd.self())
      pidfd.adopt(p:fileno()):close()
      fails(method, "EBADF", make(p, name))
      p:close()
    end)

    for _, file in ipairs {
      "", "/", "/etc", "/etc/passwd", "..", "../1", "../1/" .. name,
      "../self/" .. name, "task/..", "task/../../1/" .. name,
      "./../1/" .. name, "task//1", "fd//0", "task/", name .. "/",
      "//" .. name, name .. "\0", name .. "\0/..",
    } do
      it(("raises for the name %q"):format(file), function()
        assert.error_matches(function() make(self, file) end,
          "bad argument #1.*" .. (file:find("%z") and "without zeros"
            or "name of a file"))
      end)
    end

    it("raises for what is no string", function()
      local without_name = assert(load("(...):" .. method .. "()"))
      for _, value in ipairs { 1, 0.5, true, {}, print } do
        assert.error_matches(function() make(self, value) end,
          "bad argument #1")
      end
      assert.error_matches(function() without_name(self) end,
        "bad argument #1")
    end)

    it("makes no descriptor that stays", function()
      assert.equal(0, fds.leaked(function()
        assert(make(self, name))
      end))
    end)

    it("makes no descriptor that stays when it fails", function()
      child.with_reaped(function(p)
        assert.equal(0, fds.leaked(function()
          fails(method, "ESRCH", make(p, name))
          fails(method, "ENOENT", make(self, "nonesuch"))
          for errno, file in pairs(call.refused) do
            fails(method, errno, make(self, file))
          end
        end))
      end)
    end)

    it("lets the collector look for a descriptor", function()
      local prepare, again = "local p = pidfd.self()", expression(name)
      assert.equal("returns", scarce.with_garbage(prepare, again))
      assert.equal("EMFILE", scarce.without_garbage(prepare, again))
    end)
  end)
end
