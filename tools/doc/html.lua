-- A filter of pandoc's: links between pages become links between HTML files,
-- a heading links to itself, and tables fit a narrow window.

local function mark(heading)
  local text = pandoc.utils.stringify(heading.content)
  if heading.level == 2 and (text:find("^[%w_]+[.:][%w_]+$") or
    text == "p == q" or text == "tostring(o)") then
    heading.classes:insert("name")
  end
  if heading.level > 1 then
    local here = "#" .. heading.identifier
    heading.content = { pandoc.Link(heading.content, here) }
  end
  return heading
end

local function relink(link)
  local target = link.target
  if target:find("^%a+:") or target:find("^#") then
    return nil
  end
  target = target:gsub("^README%.md", "index.html"):gsub("%.md%f[#%z]", ".html")
  link.target = target:gsub("^%.%.", function()
    return os.getenv("SOURCES") -- from where the pages are
  end)
  return link
end

local function text_of(cell)
  return pandoc.utils.stringify(cell.contents)
end

-- Has it a wide first column? In a narrow window, its cells then go below each
-- other, as those of three columns do. A list of errors can be broken.
local function islong(table)
  if text_of(table.head.rows[1].cells[1]) == "errno" then
    return false
  end
  for _, row in ipairs(table.bodies[1].body) do
    if #text_of(row.cells[1]) > 24 then
      return true
    end
  end
  return false
end

local function frame(table)
  local columns = #table.colspecs
  local is_long = columns == 2 and islong(table)
  local class = is_long and "long" or "columns" .. columns
  return pandoc.Div({ table }, { class = "table " .. class })
end

return { { Link = relink }, { Header = mark, Table = frame } }
