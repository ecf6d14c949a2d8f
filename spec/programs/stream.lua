-- For a program that has a stream of the kind that its first argument tells:
-- both ends, as spec/support/stream.lua has them.

local ends = require "ends"
local self = assert(require("pidfd").self())

local first, second = ends.make(arg[1])
local stream = {
  self = self, ends = ends,
  input = assert(self:getfd(first)), output = assert(self:getfd(second)),
}
ends.close(first)
ends.close(second)

return stream
