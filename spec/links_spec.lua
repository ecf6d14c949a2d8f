-- Every link of the Markdown files leads somewhere: to a file that is there,
-- and to a heading of it. So do those of the HTML pages that 'make doc' makes.

local directory = require "spec.support.directory"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local reference = require "tools.reference"
local shell = require "spec.support.shell"

local function exists(path)
  local file = io.open(path)
  if file then
    file:close()
  end
  return file ~= nil
end

-- Without what only looks like a heading or a link.
local function prose(path)
  return (("\n" .. read(path)):gsub("\n```.-\n```", ""):gsub("`[^`\n]*`",
    function(code)
      return code:gsub("[%[%]]", "")
    end))
end

local function has_heading(path, anchor)
  for heading in prose(path):gmatch("\n#+ ([^\n]*)") do
    if reference.slug(heading) == anchor then
      return true
    end
  end
  return false
end

local function join(path, target)
  local full = path:match("^(.-)[^/]*$") .. target
  repeat
    local count
    full, count = full:gsub("[^/]+/%.%./", "", 1)
  until count == 0
  return full
end

-- Why the link leads nowhere, or nil.
local function complaint(path, link)
  if link:find("^https://") then
    return nil
  end
  local target, anchor = link:match("^([^#]*)#?(.*)$")
  local to = target == "" and path or join(path, target)
  if not exists(to) then
    return link .. ": no such file"
  elseif anchor ~= "" and not has_heading(to, anchor) then
    return link .. ": no such heading"
  end
end

local files = { "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md" }
for _, path in ipairs(shell.lines("ls doc/*.md")) do
  files[#files + 1] = path
end

-- In HTML: identifiers, and what href and src name.
local function ids_of(html)
  local set = {}
  for id in html:gmatch(' id="([^"]*)"') do
    set[id] = true
  end
  return set
end

-- The file that the link of a page in 'where' leads to; nil if it is afar.
local function html_target(where, path, target)
  if target:find("^https:") then
    return nil
  elseif target == "" then
    return path
  end
  return where .. "/" .. target
end

local function html_complaint(where, path, link)
  local target, anchor = link:match("^([^#]*)#?(.*)$")
  local to = html_target(where, path, target)
  if to and not exists(to) then
    return path .. ": " .. link .. ": no such file"
  elseif to and anchor ~= "" and not ids_of(read(to))[anchor] then
    return path .. ": " .. link .. ": no such place"
  end
end

local function html_complaints(where)
  local list = {}
  for _, path in ipairs(shell.lines("ls " .. where .. "/*.html")) do
    for _, attribute in ipairs({ "href", "src" }) do
      for link in read(path):gmatch(" " .. attribute .. '="([^"]*)"') do
        list[#list + 1] = html_complaint(where, path, link)
      end
    end
  end
  return list
end

describe("the documentation", function()
  for _, path in ipairs(files) do
    it("has links that lead somewhere: " .. path, function()
      local complaints = {}
      for link in prose(path):gmatch("%]%(([^)%s]+)%)") do
        complaints[#complaints + 1] = complaint(path, link)
      end
      assert.same({}, complaints)
    end)
  end

  it("is in the index, page by page", function()
    local pages = reference.pages()
    table.insert(pages, "doc/README.md")
    table.sort(pages)
    assert.same(shell.lines("LC_ALL=C ls doc/*.md | sort"), pages)
  end)
end)

describe("make doc", function()
  local function need(program)
    if not os.execute("command -v " .. program .. " >/dev/null") then
      pending("needs " .. program)
    end
  end

  local where

  setup(function()
    where = directory.new()
  end)

  teardown(function()
    directory.remove(where)
  end)

  it("makes HTML whose links lead somewhere", function()
    need("pandoc")
    local lua = os.getenv("LUA") or "lua5.4"
    assert.is_true(os.execute(lua .. " tools/doc/build " .. where) and true)
    assert.same({}, html_complaints(where))
  end)

  it("makes a man page that names the version", function()
    need("pandoc")
    assert.matches('\n%.TH PIDFD 3lua "[%d-]+" "' .. pidfd._VERSION .. '" ',
      read(where .. "/pidfd.3lua"))
  end)

  it("makes a man page that mandoc likes", function()
    need("pandoc")
    need("mandoc")
    assert.same({}, shell.lines("mandoc -Tlint -Wstyle " .. where ..
      "/pidfd.3lua 2>&1"))
  end)
end)
