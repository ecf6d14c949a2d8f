local directory = require "spec.support.directory"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local spawned = require "spec.support.spawned"

-- Where a shell and an interpreter are.
local SYSTEM = "/usr/local/bin:/usr/bin:/bin"

-- Runs the program "wanted" in the directory that the argument names, and
-- prints what came out.
local SEARCH = [[
  local pidfd = require "pidfd"
  local p, message, code = pidfd.spawn { "wanted", cwd = arg[1] }
  if p then
    p:wait()
  else
    print(pidfd.errno[code], message)
  end
]]

describe("the program of pidfd.spawn()", function()
  -- Make the files that are named, "DIRECTORY/wanted" with a mode each, and
  -- return the output of SEARCH with that PATH, where "@" is our directory and
  -- "$" are the system's; under strace with these options, if there are any.
  local function search(path, files, options)
    local output
    directory.with(function(where)
      for _, file in ipairs(files) do
        local name = where .. "/" .. file[1]
        os.execute("mkdir -p $(dirname " .. name .. ")")
        os.execute("ln -sf loop $(dirname " .. name .. ")/loop")
        directory.write(name, file[3] or "#!/bin/sh\necho " .. file[1],
          file[2])
      end
      local env = ("env PATH=" .. path):gsub("@", where):gsub("%$", SYSTEM)
      if options then
        options = options:gsub("@", where) .. " " .. env
        output = select(2, run.traced(options, SEARCH, where))
      else
        output = run.under("exec " .. env, SEARCH, where)
      end
      output = output:gsub(where, "@")
    end)
    return output
  end

  it("is the first that PATH has", function()
    assert.equal("b/wanted\n", search("@/a:@/b:@/c:$", {
      { "b/wanted", 755 },
      { "c/wanted", 755 },
    }))
  end)

  it("is searched in the working directory by an empty place", function()
    local files = { { "wanted", 755 } }
    assert.equal("wanted\n", search(":$", files))
    assert.equal("wanted\n", search("$:", files))
    assert.equal("wanted\n", search("/nowhere::$", files))
  end)

  it("is not searched in the working directory otherwise", function()
    assert.matches("^ENOENT", search("$", { { "wanted", 755 } }))
  end)

  it("is the next where the first may not be executed", function()
    assert.equal("b/wanted\n", search("@/a:@/b:$", {
      { "a/wanted", 644 },
      { "b/wanted", 755 },
    }))
  end)

  it("is the next where a place is no directory", function()
    assert.equal("b/wanted\n", search("@/a:@/b:$", {
      { "a", 644 },
      { "b/wanted", 755 },
    }))
  end)

  it("is the next where a place is longer than a path may be", function()
    local long = ("/" .. ("x"):rep(200)):rep(25)
    assert.equal("b/wanted\n", search("$:" .. long .. ":@/b", {
      { "b/wanted", 755 },
    }))
    assert.equal("b/wanted\n", search("$:/" .. ("x"):rep(300) .. ":@/b", {
      { "b/wanted", 755 },
    }))
  end)

  it("is the next where a place is a loop of links", function()
    assert.equal("b/wanted\n", search("$:@/b/loop:@/b", {
      { "b/wanted", 755 },
    }))
  end)

  for _, code in ipairs {
    "ESTALE", "ENODEV", "ETIMEDOUT", "EIO", "EPERM", "ELOOP", "ENAMETOOLONG",
    "EACCES", "EHOSTDOWN", "EREMOTEIO",
  } do
    it("is the next where a place does not answer: " .. code, function()
      local output = search("@/a:@/b:$", {
        { "a/wanted", 755 },
        { "b/wanted", 755 },
      }, "-f -P @/a/wanted -e trace=execve -e inject=execve:error=" .. code)
      assert.equal("b/wanted\n", output)
    end)
  end

  for _, code in ipairs { "EIO", "ELOOP" } do
    it("fails with the first such failure if there is none: " .. code,
      function()
        local output = search("$:@/a:@/b:@/c", {
          { "a/wanted", 755 },
          { "b/wanted", 644 },
        }, "-f -P @/a/wanted -e trace=execve -e inject=execve:error=" .. code)
        assert.matches("^" .. code .. "\tspawn: execve @/a/wanted: ", output)
      end)
  end

  for _, code in ipairs { "E2BIG", "ETXTBSY", "ENOMEM", "EINVAL" } do
    it("fails where it was found, and cannot be run: " .. code, function()
      local output = search("@/a:@/b:$", {
        { "a/wanted", 755 },
        { "b/wanted", 755 },
      }, "-f -P @/a/wanted -e trace=execve -e inject=execve:error=" .. code)
      assert.matches("^" .. code .. "\tspawn: execve @/a/wanted: ", output)
    end)
  end

  it("fails with ENOENT, and names the interpreter that is missing", function()
    assert.matches(
      '^ENOENT\tspawn: execve @/a/wanted: .* %(no interpreter "/nowhere"%)',
      search("$:@/a:@/b", { { "a/wanted", 755, "#!/nowhere\n" } }))
  end)

  it("fails with EACCES where none may be executed", function()
    assert.matches("^EACCES\tspawn: execve @/a/wanted: ", search(
      "@/a:@/b:$", { { "a/wanted", 644 } }))
  end)

  it("fails with ENOEXEC where the next is none", function()
    assert.matches("^ENOEXEC\tspawn: execve @/b/wanted: ", search(
      "@/a:@/b:$", {
        { "a/wanted", 644 },
        { "b/wanted", 755, "text\n" },
      }))
  end)

  it("fails with ENOENT and its name where there is none", function()
    assert.matches("^ENOENT\tspawn: execve wanted: ",
      search("@/a:$:@/b", {}))
  end)

  it("is not searched if there is a slash in its name", function()
    directory.with(function(where)
      directory.write(where .. "/wanted", "#!/bin/sh\necho found", 755)
      assert.equal("found\n", (spawned.output { where .. "/wanted" }))
      assert.equal("found\n", (spawned.output { "./wanted", cwd = where }))
      assert.is_nil((pidfd.spawn { "/wanted" }))
    end)
  end)

  it("is searched in /bin and /usr/bin without PATH", function()
    assert.equal("found\n", (run.under("exec env -u PATH", [[
      require("pidfd").spawn({ "echo", "found" }):wait()
    ]])))
  end)

  it("is not searched if the path is given", function()
    assert.is_nil((pidfd.spawn { "true", path = "true", cwd = "/" }))
    assert.equal("x\n", (spawned.output {
      "nothing of that name", "x", path = "/bin/echo",
    }))
  end)
end)
