-- Stands in for lua-term, which is not built for musl: what busted uses.

local term = {}

function term.isatty()
  return false
end

return term
