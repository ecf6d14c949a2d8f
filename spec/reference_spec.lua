-- The reference is doc/. What the definitions for editors and the comments of
-- the C files say of a function has to be the same, errno by errno.

local pidfd = require "pidfd"
local read = require "spec.support.read"
local reference = require "tools.reference"
local shell = require "spec.support.shell"
local sorted = require "spec.support.sorted"
local types_of = require "spec.support.types"

local types = read("types/pidfd.d.lua")

local sections, by_name = reference.sections(), {}
for _, section in ipairs(sections) do
  by_name[section.name] = section
end

local function functions()
  local i = 0
  return function()
    repeat
      i = i + 1
    until not sections[i] or reference.kind(sections[i].name) == "function"
    return sections[i]
  end
end

local function listed(set)
  local list = {}
  for name in pairs(set or {}) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function add_names(set, text)
  for name in text:gmatch("%f[%w]E[%u%d]+%f[^%w]") do
    set[name] = true
  end
end

-- Of the definitions: for each function its parameters, what its comment says,
-- and the errors that it "Fails with".
local function read_types()
  local found, comment = {}, {}
  for line in types:gmatch("[^\n]+") do
    local name, list = line:match("^function ([%w_.:]+)%((.*)%) end$")
    if name then
      local text = table.concat(comment, "\n") .. "\n"
      local failure = text:match("\nFails (.-)\n[\n@]") or ""
      local line_of_text = text:gsub("\n", " ")
      local set = {}
      add_names(set, failure)
      found[name] = {
        parameters = list,
        errnos = set,
        fails_as = failure:match("^as `([%w_.:]+)` does"),
        since = line_of_text:match(" Since Linux ([%d.]+%d)[.;]"),
      }
    end
    if line:find("^%-%-%-") then
      comment[#comment + 1] = line:sub(4)
    else
      comment = {}
    end
  end
  return found
end

-- The errors in the rows of a comment: "**   ENAME, ENAME  the cause".
local function errnos_of_rows(comment)
  local set = {}
  for row in comment:gmatch("\n%*%*   (E[%u%d][^\n]*)") do
    local rest, name = row
    repeat
      name, rest = rest:match("^,?%s*(E[%u%d]+)(.*)$")
      if name then
        set[name] = true
      end
    until not name or not rest:find("^,")
  end
  return set
end

-- Of the C files: the comment of each function of Lua's.
local function read_comments()
  local found = {}
  for _, path in ipairs(shell.lines("ls src/api/*.c src/*.c")) do
    for comment in read(path):gmatch("\n/%*(\n%*%*.-)\n%*/\n") do
      local name = comment:match("^\n%*%* ([%w_]+[.:][%w_]+) ?[({]")
        or comment:match("^\n%*%* (tostring%(o%))")
      if name then
        found[name] = {
          path = path,
          errnos = errnos_of_rows(comment),
          fails_as = comment:match("fails as ([%w_.:]+) does")
            or comment:match("Returns what ([%w_.:]+) does"),
        }
      end
    end
  end
  return found
end

local of_types, of_comments = read_types(), read_comments()

-- The set of a function's errors, in one of these three: its own, and those of
-- the function as which it fails.
local function errnos(all, name)
  local entry, set = all[name] or {}, {}
  if entry.fails_as then
    set = errnos(all, entry.fails_as)
  end
  for errno in pairs(entry.errnos or {}) do
    set[errno] = true
  end
  return set
end

-- The names by which the definitions know a function of the reference.
local function names_in_types(name)
  local method = name:match("^o:(.*)")
  if not method then
    return of_types[name] and { name } or {}
  end
  local list = {}
  for _, variable in ipairs({ "handle:", "p:", "fd:" }) do
    local known = of_types[variable .. method]
    if known and not (variable == "p:" and by_name["p:" .. method]) then
      list[#list + 1] = variable .. method
    end
  end
  return list
end

-- Public names, as the reference writes them: "o:" is a method of both.
local function public_names()
  local list = { "p == q", "tostring(o)" }
  for name in pairs(pidfd) do
    list[#list + 1] = "pidfd." .. name
  end
  local ofp, offd = types_of["pidfd"].__index, types_of["pidfd.fd"].__index
  for name in pairs(ofp) do
    if not offd[name] or by_name["p:" .. name] then
      list[#list + 1] = "p:" .. name
    end
    if offd[name] then
      list[#list + 1] = "o:" .. name
    end
  end
  for name in pairs(offd) do
    if not ofp[name] then
      list[#list + 1] = "fd:" .. name
    end
  end
  table.sort(list)
  return list
end

describe("the reference", function()
  for _, name in ipairs(public_names()) do
    it("has a section for " .. name, function()
      assert.is_table(by_name[name])
    end)
  end

  for section in functions() do
    local name = section.name

    it("has the shape of a section for " .. name, function()
      assert.is_string(section.signature, "a signature → results")
      assert.is_string(section.summary, "what it does")
      assert.is_string(section.returns, "**Returns**")
      assert.is_string(section.since, "**Since**")
      assert.is_true(#section.examples > 0, "an example")
      local may_fail = section.errnos ~= nil or section.fails_as ~= nil
      assert.equal(not section.never_fails, may_fail,
        "a table of errno, or Fails as, or both; or Never fails")
      for _, row in ipairs(section.arguments) do
        assert.equal(3, #row, row[1])
        assert.is_true(row[2] ~= "" and row[3] ~= "", row[1])
      end
    end)

    it("is for names that there are: " .. name, function()
      assert.matches("\n" .. name .. "\n", "\n" ..
        table.concat(public_names(), "\n") .. "\n", 1, true)
    end)

    it("has errors for " .. name .. " that there are", function()
      for errno, cause in pairs(section.errnos or {}) do
        assert.is_number(pidfd.errno[errno], errno)
        assert.is_true(cause ~= "", errno)
      end
    end)

    it("and the comment in C name the same errors of " .. name, function()
      if of_comments[name] then
        assert.equal(listed(errnos(by_name, name)),
          listed(errnos(of_comments, name)))
      else
        assert.equal("", listed(section.errnos))
      end
    end)

    for _, typed in ipairs(names_in_types(name)) do
      it("and the definitions name the same errors of " .. typed, function()
        assert.equal(listed(errnos(by_name, name)),
          listed(errnos(of_types, typed)))
      end)

      it("and the definitions know the same Linux for " .. typed, function()
        assert.equal(section.since, of_types[typed].since or "any")
      end)

      it("tells of the arguments of " .. typed, function()
        local list = {}
        for _, row in ipairs(section.arguments) do
          list[#list + 1] = (row[1]:gsub("`", ""))
        end
        assert.equal(of_types[typed].parameters, table.concat(list, ", "))
      end)
    end
  end

  it("has a section for every function that a comment in C tells of", function()
    for name in pairs(of_comments) do
      assert.is_table(by_name[name], name)
    end
  end)

  for name in sorted(pidfd.flags) do
    it("tells of pidfd.flags." .. name, function()
      local row = "| `" .. name .. "` |"
      assert.matches(row, by_name["pidfd.flags"].text, 1, true)
    end)
  end
end)
