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

local function frame(table)
  return pandoc.Div({ table }, { class = "table columns" .. #table.colspecs })
end

return { { Link = relink }, { Header = mark, Table = frame } }
