-- A filter of pandoc's: what HTML has, and man pages do not.

local function bold(code)
  return pandoc.Strong({ pandoc.Str(code.text) })
end

-- The titles of tables whose headings say what the rows are.
local TITLES = { argument = "Arguments", errno = "Fails with" }

local function cell(row, i)
  local blocks = row.cells[i].contents
  return pandoc.utils.blocks_to_inlines(blocks)
end

local function add(inlines, more)
  if #inlines > 0 and #more > 0 then
    inlines:insert(pandoc.Str(";"))
    inlines:insert(pandoc.Space())
  end
  inlines:extend(more)
end

-- A tagged list: its tag is the first cell of a row.
local function list(table)
  local items = {}
  for _, row in ipairs(table.bodies[1].body) do
    local text = pandoc.List()
    for i = 2, #row.cells do
      add(text, cell(row, i))
    end
    items[#items + 1] = { cell(row, 1), { { pandoc.Plain(text) } } }
  end
  local blocks = { pandoc.DefinitionList(items) }
  local first = pandoc.utils.stringify(cell(table.head.rows[1], 1))
  if TITLES[first] then
    blocks = {
      pandoc.Para({ pandoc.Strong({ pandoc.Str(TITLES[first]) }),
        pandoc.Str(":") }),
      blocks[1],
    }
  end
  return blocks
end

local function heading(header)
  if header.level == 1 then
    header.content = { pandoc.Str(
      pandoc.text.upper(pandoc.utils.stringify(header.content))) }
  elseif header.level == 3 then
    return pandoc.Para({ pandoc.Strong(header.content) })
  end
  return header
end

return {
  { Link = function(link) return link.content end, Code = bold },
  { Table = list, Header = heading },
}
