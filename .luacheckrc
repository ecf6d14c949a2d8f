std = "max" -- the libraries of all versions
max_line_length = 80

include_files = { "**/*.lua", "*.rockspec", ".busted", ".luacheckrc" }
exclude_files = { "build" } -- what was unpacked there

files["spec"] = { std = "+busted" }
-- What their hosts define.
files["spec/hosts/neovim.lua"] = { read_globals = { "vim" } }
files["spec/hosts/haproxy.lua"] = { read_globals = { "core" } }
files["examples/openresty"] = {
  std = "ngx_lua",
  read_globals = { ngx = { fields = { run_worker_thread = {} } } },
}
files["tools/doc"] = { read_globals = { "pandoc" } }
files["types"] = { ignore = { "212", "241" } } -- stubs have no bodies
