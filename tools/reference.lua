-- Reads the reference, doc/*.md. The shape of a section is the same for all
-- functions, so that the specs can compare it with the code:
--
--   ## NAME
--   `SIGNATURE` → results
--   what it does
--   | argument | type | meaning |
--   **Returns** ...
--   | errno | cause |, or **Fails** as [NAME](...), or both; or **Never fails**
--   **Since** Linux X.Y, or any Linux. **See** [page(2)](...)
--   what else there is to know, and then an example
--
-- Of a value, as pidfd.errno, there is only what it is, and an example.

local reference = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- As GitHub makes them, and pandoc with -f gfm.
function reference.slug(heading)
  return (heading:lower():gsub("[^%w%-_ ]", ""):gsub(" ", "-"))
end

-- The paths of the pages, in the order of the index.
function reference.pages()
  local list = {}
  for path in read("doc/README.md"):gmatch("\n%- %[[^%]]*%]%(([%w_]+%.md)%)") do
    list[#list + 1] = "doc/" .. path
  end
  return list
end

local function cells(line)
  local list = {}
  for cell in line:gmatch("|([^|]*)%f[|]") do
    list[#list + 1] = cell:match("^%s*(.-)%s*$")
  end
  return list
end

-- The rows of the table that begins with that heading, or nil.
local function rows(text, heading)
  local from = select(2, text:find("\n" .. heading .. "[^\n]*\n[^\n]*\n"))
  if not from then
    return nil
  end
  local list = {}
  for line in text:sub(from + 1):gmatch("([^\n]*)\n") do
    if line:sub(1, 1) ~= "|" then
      break
    end
    list[#list + 1] = cells(line)
  end
  return list
end

local function errnos(text)
  local table = rows(text, "| errno | cause |")
  if not table then
    return nil
  end
  local set = {}
  for _, row in ipairs(table) do
    for name in row[1]:gmatch("%u[%u%d]+") do
      set[name] = row[2]
    end
  end
  return set
end

-- The Lua examples of a text.
function reference.examples(text)
  local list = {}
  for code in ("\n" .. text):gmatch("\n```lua\n(.-)\n```") do
    list[#list + 1] = code
  end
  return list
end

local function section(page, heading, text)
  return {
    page = page,
    name = heading,
    slug = reference.slug(heading),
    text = text,
    signature = text:match("^\n\n`([^\n]*)` → [^\n]*\n\n"),
    summary = text:match("^\n\n`[^\n]*` → [^\n]*\n\n(%u.-)\n\n")
      or text:match("^\n\n(%u.-)\n\n"),
    arguments = rows(text, "| argument | type | meaning |") or {},
    returns = text:match("\n%*%*Returns%*%* (.-)\n\n"),
    errnos = errnos(text),
    fails_as = text:match("\n%*%*Fails%*%* as %[([^%]]+)%]"),
    never_fails = text:find("\n**Never fails", 1, true) ~= nil,
    since = text:match("\n%*%*Since%*%* Linux ([%d.]+%d)%.")
      or text:match("\n%*%*Since%*%* (any) Linux%."),
    examples = reference.examples(text),
  }
end

-- What a section of that heading is: "function", "value", or nil, a text.
function reference.kind(heading)
  if heading == "pidfd.flags" or heading == "pidfd.errno"
    or heading == "pidfd.signal" or heading == "pidfd._VERSION" then
    return "value"
  end
  local called = heading:find("^pidfd%.[%w_]+$") or heading:find("^%w+:[%w_]+$")
    or heading == "p == q" or heading == "tostring(o)"
  return called and "function" or nil
end

-- All sections, of functions and others, of the pages, in their order.
function reference.sections(pages)
  local list = {}
  for _, page in ipairs(pages or reference.pages()) do
    local heading, from
    local text = read(page) .. "\n## "
    for at, next_heading, to in text:gmatch("()\n## ([^\n]*)()") do
      if heading then
        list[#list + 1] = section(page, heading, text:sub(from, at))
      end
      heading, from = next_heading, to
    end
  end
  return list
end

return reference
