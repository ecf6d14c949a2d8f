-- Whether a Lua module is installed that some specs need.

return function(module)
  return (pcall(require, module))
end
