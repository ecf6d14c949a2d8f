-- What p:token() returns, put together from what it is made of.

local tokens = {}

function tokens.boot_id()
  local file = assert(io.open("/proc/sys/kernel/random/boot_id"))
  local id = file:read()
  file:close()
  return id
end

-- The token of a pidfd, in which these fields are others: 'version', 'kind',
-- 'pid', 'id', 'boot'.
function tokens.with(p, fields)
  return ("%s:%s:%s:%s:%s"):format(fields.version or 1,
    fields.kind or "process", fields.pid or p:pid(), fields.id or p:id(),
    fields.boot or tokens.boot_id())
end

-- The same, of a short one.
function tokens.short(p, fields)
  return ("%s:%s"):format(fields.pid or p:pid(), fields.id or p:id())
end

return tokens
