-- A helper for busted, which forgets all modules after each file of specs: luv
-- must not be loaded a second time, and what is loaded now is not forgotten.
-- Specs are written for Lua 5.4's libraries.

require "spec.support.compat"

pcall(require, "luv")
