# What is the same for each version of Lua. The name of a file that includes
# this one tells dh-lua the version.

PKG_NAME = pidfd
PKG_URL = https://github.com/lua-pidfd/pidfd
LUA_MODNAME = pidfd
CLIB_CFLAGS = -std=gnu11
CLIB_OBJS = $(patsubst %.c,%.lo,$(sort $(wildcard src/*.c src/*/*.c)))
LUA_TEST = debian/tests/smoke.lua
