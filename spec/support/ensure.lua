-- Call 'use' with the arguments, then 'finally', whatever 'use' did; an error
-- of 'use' goes on.

return function(use, finally, ...)
  local ok, message = pcall(use, ...)
  finally()
  if not ok then
    error(message, 0)
  end
end
