-- nginx with ngx_lua, as it is in OpenResty: examples/openresty/ is copied,
-- with what depends on this machine put in.

local directory = require "spec.support.directory"
local host = require "spec.support.host"
local kernel = require "spec.support.kernel"
local loopback = require "spec.support.loopback"
local read = require "spec.support.read"
local run = require "spec.support.run"

-- Unpacked by tools/ngx-lua, or installed.
local ROOTS = { host.build .. "/hosts/nginx", "" }

local function find_root()
  for _, root in ipairs(ROOTS) do
    local path = root .. "/usr/lib/nginx/modules/ngx_http_lua_module.so"
    local file = io.open(path)
    if file then
      file:close()
      return root
    end
  end
  pending("ngx_lua is not installed")
end

-- As root, nginx gives its worker another user, who may not get here.
local function configuration(root, port)
  local text = read("examples/openresty/nginx.conf")
  text = text:gsub("127%.0%.0%.1:8080;", "127.0.0.1:" .. port .. ";")
  text = text:gsub('lua_package_path "', "%0" .. root ..
    "/usr/share/lua/5.1/?.lua;")
  local modules = "load_module " .. root .. "/usr/lib/nginx/modules/"
  return modules .. "ndk_http_module.so;\n" ..
    modules .. "ngx_http_lua_module.so;\n" ..
    (run.is_root() and "user root;\n" or "") .. text
end

-- Send a request. Returns a function that returns the answer.
local function ask(port, location)
  local client = assert(require("socket").connect("127.0.0.1", port))
  client:settimeout(60)
  client:send("GET /" .. location .. " HTTP/1.0\r\n\r\n")
  return function()
    local response, message = client:receive("*a")
    client:close()
    return response and response:match("\r\n\r\n(.-)\n$") or message
  end
end

-- Start nginx, and lend the port where it listens.
local function with_nginx(use)
  host.need("nginx")
  loopback.need()
  local root, module = find_root(), host.module("5.1")
  local port = loopback.free_port()
  directory.with(function(where)
    assert(os.execute(("cp examples/openresty/*.lua %s %s"):format(module,
      where)))
    directory.write(where .. "/nginx.conf", configuration(root, port), 644)
    host.running({ "-u", "LD_PRELOAD",
      "LD_LIBRARY_PATH=" .. root .. "/usr/lib/x86_64-linux-gnu",
      "nginx", "-g", "daemon off;", "-e", "stderr", "-p", where,
      "-c", "nginx.conf" }, function(line)
      local said = line("start worker process ")
      assert.matches("start worker process ", said)
      use(port)
    end)
  end)
end

-- Ask for something that waits for a child, and let all children end when it
-- waits: nginx has one worker, which does that only if it is not blocked.
local function answer(location)
  local said
  with_nginx(function(port)
    local waited = ask(port, location)
    repeat
      local ended = ask(port, "finish")()
    until ended ~= "0"
    said = waited()
  end)
  return said
end

describe("nginx with ngx_lua", function()
  local function need_status()
    if not kernel.at_least(6, 15) then
      pending("nginx takes the exit status (kept since Linux 6.15)")
    end
  end

  it("gets the exit status of a child, and is not blocked, by sleeping",
    function()
      need_status()
      assert.equal("exit 7", answer("wait"))
    end)

  it("gets the exit status of a child, and is not blocked, by a thread",
    function()
      need_status()
      assert.equal("exit 7", answer("thread"))
    end)

  it("gets the exit status of a child that nginx has reaped", function()
    need_status()
    assert.equal("ECHILD exit 7", answer("reaped"))
  end)

  it("answers many at once", function()
    need_status()
    with_nginx(function(port)
      local answers, ended = {}, 0
      for i = 1, 12 do
        answers[i] = ask(port, i % 3 == 0 and "thread" or "wait")
      end
      repeat
        ended = ended + tonumber((ask(port, "finish")()))
      until ended == 12
      for i = 1, 12 do
        assert.equal("exit 7", answers[i]())
      end
    end)
  end)
end)
