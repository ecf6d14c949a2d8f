-- An output handler for busted: what failed, then how many specs there were.
-- The file that PIDFD_TALLY names gets
--
--   PASSED FAILED SKIPPED
--
-- where errors count as failed, and a line for each spec that is pending:
--
--   FILE:LINE<tab>name<tab>reason
--
-- Whoever runs busted can then see that it got to its end.

local pretty = require "pl.pretty"

local function as_text(message)
  return type(message) == "string" and message or pretty.write(message)
end

local function place_of(result)
  local trace = result.element.trace or {}
  return ("%s:%s"):format(trace.short_src or "?", trace.currentline or "?")
end

local function failure_text(failure)
  return ("%s  %s\n%s\n"):format(place_of(failure), failure.name,
    as_text(failure.message))
end

local function pending_line(pending)
  local reason = as_text(pending.message or "no reason"):gsub("^%S+:%d+: ", "")
  local words = { place_of(pending), pending.name, reason }
  for i, word in ipairs(words) do
    words[i] = word:gsub("%s+", " ")
  end
  return table.concat(words, "\t")
end

local function write_tally(handler)
  local path = os.getenv("PIDFD_TALLY")
  local file = path and assert(io.open(path, "w")) or io.stdout
  file:write(("%d %d %d\n"):format(handler.successesCount,
    handler.failuresCount + handler.errorsCount, handler.pendingsCount))
  for _, pending in ipairs(handler.pendings) do
    file:write(pending_line(pending), "\n")
  end
  file:flush()
end

return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()

  -- The base counts them, and keeps a trace of each.
  busted.subscribe({ "test", "end" }, function()
    handler.successes = {}
    return nil, true
  end)

  busted.subscribe({ "suite", "end" }, function()
    for _, list in ipairs({ handler.failures, handler.errors }) do
      for _, failure in ipairs(list) do
        io.write("\n", failure_text(failure))
      end
    end
    return nil, true
  end)

  busted.subscribe({ "exit" }, function()
    write_tally(handler)
    return nil, true
  end)

  return handler
end
