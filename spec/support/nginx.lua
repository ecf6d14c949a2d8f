-- A web server that a spec starts for itself: nginx, on a loopback port,
-- with all that it writes below a directory of its own.

local directory = require "spec.support.directory"
local ensure = require "spec.support.ensure"
local spawned = require "spec.support.spawned"

local nginx = {}

local CONFIG = [[
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d;
    location / { return 200 "nginx"; }
  }
}
]]

local PATH = "PATH=$PATH:/usr/sbin:/sbin; "

function nginx.is_installed()
  return os.execute(PATH .. "command -v nginx >/dev/null") == true
end

-- It listens before it says that it starts its workers.
local function wait_until_ready(output)
  local said = {}
  for line in output:lines() do
    table.insert(said, line)
    if line:find("start worker process ", 1, true) then
      return
    end
  end
  error("nginx has not started:\n" .. table.concat(said, "\n"))
end

-- Killed, it would leave its workers behind.
local function stop(p)
  p:send_signal("TERM")
  p:wait()
end

-- Start it, lend the pidfd of its master process to 'use', and end it.
function nginx.with(port, use)
  directory.with(function(where)
    directory.write(where .. "/nginx.conf", CONFIG:format(port), 644)
    local command = PATH .. "exec nginx -e stderr -p %s -c nginx.conf 2>&1"
    spawned.with({ "sh", "-c", command:format(where), stdout = "pipe",
      pdeathsig = "TERM" }, function(p, pipes)
      local output = assert(pipes.stdout:file())
      ensure(function()
        wait_until_ready(output)
        use(p)
      end, function()
        stop(p)
        output:close()
      end)
    end)
  end)
end

return nginx
