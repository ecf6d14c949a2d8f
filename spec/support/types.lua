-- The metatables of the module, by name, and their keys in the registry, which
-- are addresses.

local types = { keys = {} }

for key, value in pairs(debug.getregistry()) do
  local name = type(key) == "userdata" and type(value) == "table"
    and rawget(value, "__name")
  if name == "pidfd" or name == "pidfd.fd" then
    types[name], types.keys[name] = value, key
  end
end

return types
