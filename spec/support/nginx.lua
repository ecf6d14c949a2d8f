-- A web server that a spec starts for itself: nginx, on a loopback port,
-- with all that it writes below a directory of its own.

local child = require "spec.support.child"
local directory = require "spec.support.directory"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"

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

local function stop(pid, output)
  local p = assert(pidfd.open(pid))
  p:send_signal("TERM")
  p:close()
  output:close()
end

-- Start it, call 'use' with the pid of its master process, and end it.
function nginx.with(port, use)
  directory.with(function(where)
    directory.write(where .. "/nginx.conf", CONFIG:format(port), 644)
    local command = "exec nginx -e stderr -p %s -c nginx.conf 2>&1"
    local pid, output = child.start(PATH .. command:format(where))
    ensure(function()
      wait_until_ready(output)
      use(pid)
    end, function()
      stop(pid, output)
    end)
  end)
end

return nginx
