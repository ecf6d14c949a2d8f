-- How much memory this process has had at most, in MiB.

return function()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmHWM:%s*(%d+)")
    if kilobytes then
      return tonumber(kilobytes) / 1024
    end
  end
end
