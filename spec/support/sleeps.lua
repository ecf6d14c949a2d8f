-- What sleeps until the process of 'p' ends, and returns nothing before: the
-- names in spec/programs/waiting.lua.

return {
  "p:poll()", "p:poll(60)", "pidfd.poll()", "p:wait()", "p:wait(60)",
  "p:waitid() for the end", "p:waitid() for a stop", "p:terminate()",
}
