-- Every example of the README and of the reference is run as it is, in a
-- process of its own, and has to print what its comments say: "--> exit  0" is
-- one line, and how much space there is makes no difference. What stands in a
-- file of examples/recipes/ is run by recipes_spec.

local directory = require "spec.support.directory"
local has = require "spec.support.has"
local kernel = require "spec.support.kernel"
local read = require "spec.support.read"
local reference = require "tools.reference"
local script = require "spec.support.script"
local shell = require "spec.support.shell"

-- The numbers of processes and descriptors in messages are others each time.
local function tidy(line)
  line = line:gsub("%s+", " "):match("^ ?(.-) ?$")
  return (line:gsub(" %d+(: %u)", " N%1"))
end

-- In musl's words it is an operation that has timed out.
local function tidy_lines(text, pattern)
  local lines = {}
  for line in text:gmatch(pattern) do
    lines[#lines + 1] = tidy(line):gsub("Operation timed", "Connection timed")
  end
  return lines
end

-- Which of the modules that it requires is not there?
local function lacks(code)
  for name in code:gmatch('require "([^"]+)"') do
    if not has(name) then
      return name
    end
  end
end

local function is_too_new(since)
  local major, minor = (since or ""):match("^(%d+)%.(%d+)$")
  return major and not kernel.at_least(tonumber(major), tonumber(minor))
end

-- As a file: a piece of code would be given Lua 5.4's libraries.
local function run(code)
  local text
  directory.with(function(where)
    local path = where .. "/example.lua"
    directory.write(path, code, 644)
    local command = "exec timeout 60 " .. script.command(path)
    text = shell.output(command .. " </dev/null 2>&1")
  end)
  return text
end

local function check(code, since)
  if is_too_new(since) then
    pending("needs Linux " .. since)
  end
  local missing = lacks(code)
  if missing then
    pending("needs " .. missing)
  end
  local lines = tidy_lines(code, "%-%->([^\n]*)")
  assert.is_true(#lines > 0, "an example tells what it prints")
  assert.same(lines, tidy_lines(run(code), "[^\n]+"))
end

-- The text of each page before its first section is a section, too.
local pages = { "README.md" }
for _, page in ipairs(reference.pages()) do
  pages[#pages + 1] = page
end

local recipes = {}
for _, path in ipairs(shell.lines("ls examples/recipes/*.lua")) do
  recipes[read(path):match("^(.-)\n$")] = path
end

describe("the documentation", function()
  -- Debian 12 has Copas for two versions of Lua, but it works in all.
  local path = package.path

  setup(function()
    package.path = path .. ";/usr/share/lua/5.2/?.lua"
  end)

  teardown(function()
    package.path = path
  end)

  for _, page in ipairs(pages) do
    local head = (read(page) .. "\n## "):match("^(.-)\n## ")
    for i, code in ipairs(reference.examples(head)) do
      if not recipes[code] then
        it("has an example that works: " .. page .. ", " .. i, function()
          check(code)
        end)
      end
    end
  end

  for _, section in ipairs(reference.sections(pages)) do
    for i, code in ipairs(section.examples) do
      if not recipes[code] then
        it(("has an example that works: %s, %s, %d"):format(section.page,
          section.name, i), function()
          check(code, section.since)
        end)
      end
    end
  end
end)
