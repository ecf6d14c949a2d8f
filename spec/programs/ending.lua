-- For a program that ends with something open.

local pidfd = require "pidfd"

warn("@on") -- an error in a finalizer is a warning

local ending = { pidfd = pidfd }

function ending.make()
  local p = assert(pidfd.self())
  return p, assert(p:getfd(p:fileno()))
end

return ending
