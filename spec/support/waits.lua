-- By library: wait in its loop until the pidfd, or the pidfd.fd, wakes it or
-- the time is over. Returns whether it was woken.

return {
  cqueues = function(p, seconds)
    local cqueues = require "cqueues"
    local woken
    local loop = cqueues.new():wrap(function()
      woken = cqueues.poll(p, seconds) == p
      cqueues.cancel(p)
    end)
    assert(loop:loop())
    return woken
  end,

  luv = function(p, seconds)
    local uv = require "luv"
    local poll, timer = uv.new_poll(p:fileno()), uv.new_timer()
    local woken = false
    local function stop()
      poll:close()
      timer:close()
    end
    poll:start("r", function()
      woken = true
      stop()
    end)
    timer:start(seconds * 1000, 0, stop)
    uv.run()
    return woken
  end,

  socket = function(p, seconds)
    return require("socket").select({ p }, nil, seconds)[1] == p
  end,
}
