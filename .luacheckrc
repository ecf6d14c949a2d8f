std = "lua54"
max_line_length = 80

include_files = { "**/*.lua", "*.rockspec", ".busted", ".luacheckrc" }

files["spec"] = { std = "+busted" }
files["types"] = { ignore = { "212", "241" } } -- stubs have no bodies
